import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NODE } from '../host/paths.ts';
import type { Site } from '../host/site.ts';
import { packPart } from './archive.ts';
import { type Lockfile, packagesHash } from './lock.ts';
import { installPackages, isWanted } from './packages.ts';
import { byPath, filesBelow, ownFiles, type ReleaseFile } from './tree.ts';

export interface BuildOptions {
  /** The repository. */
  readonly root: string;
  readonly site: Site;
  /** The folder of packed packages and finished releases; by default `.cache/release` of the repository. */
  readonly cache?: string;
}

export interface Release {
  /** The hash of all inputs; 16 hexadecimal digits. */
  readonly hash: string;
  /** The archive, `oven-<hash>.tar.zst`. */
  readonly file: string;
  readonly bytes: number;
}

/** How many finished archives of each prefix stay. */
const KEPT_ARCHIVES = { 'oven-': 8, 'packages-': 2 };

/** Increase it when the same inputs are packed differently. */
const FORMAT = 1;

/**
 * Builds the release of a tree: one archive with everything that a host needs. The same tree gives the same name and the same bytes. It installs packages
 * only when those of production changed, so a release of code alone takes a second. Throws ReleaseError.
 */
export async function buildRelease({ root, site, cache }: BuildOptions): Promise<Release> {
  const folder = cache ?? join(root, '.cache', 'release');
  const lock: Lockfile = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const own = await ownFiles(root, site);
  const packages = packagesHash(lock);
  const hash = hashOf(packages, own);
  const file = join(folder, `oven-${hash}.tar.zst`);
  if (!(await exists(file))) {
    await mkdir(folder, { recursive: true });
    const mark = { path: 'RELEASE', content: Buffer.from(`${hash}\n`), executable: false };
    const part = await packPart([...own, mark].sort(byPath), { end: false, level: 9 });
    await writeWhole(file, Buffer.concat([part, await packagesPart(root, folder, packages, lock)]));
    await removeOldArchives(folder);
  }
  return { hash, file, bytes: (await stat(file)).size };
}

function hashOf(packages: string, files: readonly ReleaseFile[]): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, packages]));
  for (const { path, content, executable } of files) {
    hash.update(JSON.stringify([path, content.length, executable])).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** The packed packages of this lockfile, which the first build makes. Builds at the same time install in folders of their own. */
async function packagesPart(root: string, folder: string, hash: string, lock: Lockfile): Promise<Buffer> {
  const file = join(folder, `packages-${FORMAT}-${hash}.tar.zst`);
  if (await exists(file)) return readFile(file);
  const staged = await mkdtemp(join(folder, 'install-'));
  try {
    await installPackages(root, staged, lock);
    const files: ReleaseFile[] = [];
    for (const path of (await filesBelow(join(staged, 'node_modules'))).filter(isWanted)) {
      const content = await readFile(join(staged, 'node_modules', path));
      files.push({ path: `node_modules/${path}`, content, executable: `node_modules/${path}` === NODE });
    }
    const part = await packPart(files.sort(byPath), { end: true, level: 6 });
    await writeWhole(file, part);
    return part;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Keeps the last archives, and the packed packages of the present and the previous lockfile. */
async function removeOldArchives(folder: string): Promise<void> {
  const aged: { name: string; time: number }[] = [];
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.tar.zst'))) {
    const file = await stat(join(folder, name)).catch(() => undefined); // Another build may have just deleted it.
    if (file) aged.push({ name, time: file.mtimeMs });
  }
  aged.sort((a, b) => b.time - a.time);
  for (const [prefix, kept] of Object.entries(KEPT_ARCHIVES)) {
    const old = aged.filter(({ name }) => name.startsWith(prefix)).slice(kept);
    for (const { name } of old) await rm(join(folder, name), { force: true });
  }
}

async function writeWhole(file: string, bytes: Buffer): Promise<void> {
  const partial = `${file}.${randomUUID()}`;
  await writeFile(partial, bytes);
  await rename(partial, file);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
