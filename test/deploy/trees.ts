import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Site } from '../../infra/host/site.ts';
import { buildRelease, type Release } from '../../infra/release/build.ts';

/** The repository. */
export const ROOT = join(import.meta.dirname, '../..');

/** Packages and finished releases are kept where the program keeps its own. */
export const CACHE = join(ROOT, '.cache', 'release');

/** What a release is made of. */
export const PARTS = ['service', 'bin', 'infra/host/scripts', 'package.json', 'package-lock.json'];

/** Replaces files of the service by what the function makes of them, by path from the repository's root. */
export type Changes = Readonly<Record<string, (text: string) => string>>;

/** Builds the release of this tree, or of one that differs by `changes`. */
export async function releaseOf(site: Site, changes: Changes = {}): Promise<Release> {
  if (Object.keys(changes).length === 0) return buildRelease({ root: ROOT, site, cache: CACHE });
  await mkdir(CACHE, { recursive: true });
  const copy = await mkdtemp(join(CACHE, 'changed-'));
  try {
    await copyParts(PARTS, copy);
    await change(copy, changes);
    return await buildRelease({ root: copy, site, cache: CACHE });
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Copies files and folders of this tree, by their paths from its root. */
export async function copyParts(parts: readonly string[], to: string): Promise<void> {
  for (const part of parts) {
    await mkdir(dirname(join(to, part)), { recursive: true });
    await cp(join(ROOT, part), join(to, part), { recursive: true });
  }
}

/** Changes a copy of the tree. Throws where a change makes no difference. */
export async function change(copy: string, changes: Changes): Promise<void> {
  for (const [path, make] of Object.entries(changes)) {
    const before = await readFile(join(copy, path), 'utf8');
    const after = make(before);
    if (after === before) throw new Error(`${path} is not changed`);
    await writeFile(join(copy, path), after);
  }
}

const inMain = (line: string): Changes => ({
  // After the imports, which the language runs first wherever they stand.
  'service/main.ts': (text) => `${line}\n${text}`,
});

/** Trees that differ from this one in a word, or badly. */
export const CHANGES = {
  other: { 'service/main.ts': (text) => `${text}\n// A release between.\n` },
  good: { 'service/main.ts': (text) => `${text}\n// Another release.\n` },
  'does not start': inMain(`throw new Error('this release does not start');`),
  'is never healthy': {
    'service/selfcheck/candidate.ts': (text) => text.replace('pending.delete(name);', ''),
  },
  hangs: inMain('for (;;) {}'),
  'starts only as a candidate': inMain(
    `if (!process.argv.includes('--candidate')) throw new Error('this release does not start');`,
  ),
} as const satisfies Record<string, Changes>;
