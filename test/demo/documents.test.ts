import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');
const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' });
/** What git has or would take, so that a build's output counts for nothing. */
const files = git('ls-files', '--cached', '--others', '--exclude-standard').trim().split('\n');
const folders = new Set(
  files.flatMap((file) => file.split('/').map((_, depth, all) => all.slice(0, depth).join('/'))),
);
const documents = files.filter((file) => file.endsWith('.md'));
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Whether a document may mean something by a name, which it may give without the folders above. */
const isThere = (name: string) =>
  folders.has(name) || [...files, ...folders].some((path) => path === name || path.endsWith(`/${name}`));

test.each(documents)('%s links to nothing that is not there', (document) => {
  const links = [...text(document).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
  const local = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(local.filter((link) => !files.includes(normalize(join(dirname(document), link))))).toEqual([]);
});

test('ARCHITECTURE.md names no file and no folder that is not there', () => {
  const names = [...text('ARCHITECTURE.md').matchAll(/`([\w./-]+(?:\.(?:ts|js|sh|json|example)|\/))`/g)].map(
    ([, name = '']) => name.replace(/\/$/, ''),
  );
  expect(names.length).toBeGreaterThan(80);
  // What is served, and what is in a tape.
  const others = ['/openapi.json', 'timing.json'];
  expect(names.filter((name) => !others.includes(name) && !isThere(name))).toEqual([]);
});

test.each(documents)('%s names no npm script that is not there', (document) => {
  const names = [...text(document).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name);
  const scripts = Object.keys(packageJson.scripts);
  expect(names.filter((name) => !scripts.includes(name))).toEqual([]);
});
