import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { alertCommand } from '../../bin/alert.ts';
import { bakeCommand } from '../../bin/bake.ts';
import { serviceCommands } from '../../bin/service.ts';
import { ERRORS } from '../../service/errors.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGES = globSync('{*,bench/*,docs/*,test/**/*}.md', { cwd: ROOT });
const FILES = globSync('{.github,service,infra,netlify,bin,scripts,test,bench,cloud-init,docs}/**', {
  cwd: ROOT,
});
const EXISTING = new Set(FILES);
const NAMES = new Set(FILES.map((file) => basename(file)));
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

const SOURCES = FILES.filter((file) => /\.(?:ts|js|sh|yml|yaml)$/.test(file));
let read: string | undefined;
/** The text of all source files. */
function code(): string {
  read ??= SOURCES.map(textOf).join('\n');
  return read;
}

const PATH =
  /(?<![\w/.:@-])(?:service|infra|netlify|bin|scripts|test|bench|cloud-init|docs|\.github)(?:\/[\w.*{},-]*[\w*}])+/g;

/** `a/{b,c}` as `a/b` and `a/c`. */
function expandBraces(path: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(path);
  if (!found) return [path];
  const [, before, choices, after] = found;
  return choices!.split(',').flatMap((choice) => expandBraces(`${before}${choice}${after}`));
}

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(PAGES)('Every path of the repository that %s names exists', (page) => {
  const paths = [...textOf(page).matchAll(PATH)].flatMap(([path]) => expandBraces(path));
  const exists = (path: string) =>
    path.includes('*') ? globSync(path, { cwd: ROOT }).length > 0 : EXISTING.has(path);
  expect(paths.filter((path) => !exists(path))).toEqual([]);
});

test.each(PAGES)('Every file that %s names without a folder exists', (page) => {
  const names = [...textOf(page).matchAll(/`([\w-]+\.(?:ts|js))`/g)].map(([, name]) => name!);
  expect(names.filter((name) => !NAMES.has(name))).toEqual([]);
});

test.each(PAGES)('Every link of %s leads to a file and a heading', (page) => {
  const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link!);
  const broken = links.filter((link) => {
    const [path, anchor] = link.split('#');
    const target = path ? join(dirname(page), path) : page;
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test.each(PAGES)('Every npm script and oven command of %s exists', (page) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  const commands = [bakeCommand(), ...serviceCommands(), alertCommand()].map((command) => command.name());
  const text = textOf(page);
  const npm = [...text.matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name]) => name!);
  const oven = [...text.matchAll(/(?:`|npx )oven ([a-z]+)/g)].map(([, name]) => name!);
  const onHost = [
    ...text.matchAll(/`(oven-(?:activate|apply|disk|drain|handover|releases|rollback|swap)\b)/g),
  ];
  expect(npm.filter((name) => !(name in scripts))).toEqual([]);
  expect(oven.filter((name) => !commands.includes(name))).toEqual([]);
  expect(onHost.filter(([, name]) => !existsSync(join(ROOT, 'infra/host/scripts/sbin', name!)))).toEqual([]);
});

test.each(PAGES)('Every code and variable that %s names stands in the code', (page) => {
  const names = [...textOf(page).matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map(([, name]) => name!);
  expect(names.filter((name) => !code().includes(name))).toEqual([]);
});

test('The troubleshooting of docs/operate.md names every code that is not the fault of a tape or a caller', () => {
  const rows = textOf('docs/operate.md').split('### By code')[1]!.split('### By symptom')[0]!;
  const wanted = Object.entries(ERRORS).flatMap(([code, { fault }]) =>
    fault === 'tape' || fault === 'caller' ? [] : [code],
  );
  expect(wanted.filter((code) => !rows.includes(`\`${code}\``))).toEqual([]);
});

test('ARCHITECTURE.md names more than eighty paths', () => {
  expect([...textOf('ARCHITECTURE.md').matchAll(PATH)].length).toBeGreaterThan(80);
});

test('docs/README.md links to every other page of docs/', () => {
  const pages = globSync('docs/*.md', { cwd: ROOT }).filter((page) => page !== 'docs/README.md');
  const map = textOf('docs/README.md');
  expect(pages.filter((page) => !map.includes(`(${page.slice('docs/'.length)})`))).toEqual([]);
});
