import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderCandidate } from '../host/candidate.ts';
import { hostFiles } from '../host/files.ts';
import { renderForwarding, renderHolding } from '../host/handed-over.ts';
import type { Site } from '../host/site.ts';

/** A file of a release. Its path starts at the release's root and has `/` as separator. */
export interface ReleaseFile {
  readonly path: string;
  readonly content: Buffer;
  readonly executable: boolean;
}

const SOURCES = ['bin', 'service'];
const SCRIPTS = 'infra/host/scripts';

/** Oven's own part of a release, sorted by path: the service, its command line, and the host's files and scripts. */
export async function ownFiles(root: string, site: Site): Promise<readonly ReleaseFile[]> {
  const files: ReleaseFile[] = [{ path: 'package.json', content: await manifest(root), executable: false }];
  for (const folder of SOURCES) {
    for (const path of await filesBelow(join(root, folder))) {
      // Only the compiler reads these.
      if (path.endsWith('.d.ts')) continue;
      const content = await readFile(join(root, folder, path));
      files.push({ path: `${folder}/${path}`, content, executable: false });
    }
  }
  for (const path of await filesBelow(join(root, SCRIPTS))) {
    const content = await readFile(join(root, SCRIPTS, path));
    files.push({ path: `host/${path}`, content, executable: !/\.(ts|sh)$/.test(path) });
  }
  // An activation or a hand-over installs these for its duration, so they are not among the host's files.
  const laidForATime = {
    'oven-candidate@.service': renderCandidate(),
    'oven-forwarding.conf': renderForwarding(),
    'oven-held.conf': renderHolding(),
  };
  for (const [name, content] of Object.entries(laidForATime)) {
    files.push({ path: `host/${name}`, content: Buffer.from(content), executable: false });
  }
  for (const { path, content } of hostFiles(site)) {
    files.push({ path: `host/files${path}`, content: Buffer.from(content), executable: false });
  }
  return files.sort(byPath);
}

/** Compares by code units, so that no locale changes the order. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** The files below a folder, with `/`, without hidden files, which editors and systems leave behind. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) {
      for (const path of await filesBelow(join(folder, entry.name))) found.push(`${entry.name}/${path}`);
    } else if (entry.isFile()) found.push(entry.name);
  }
  return found;
}

/** The release's package.json: without development tools, so that a change of those makes no release. */
async function manifest(root: string): Promise<Buffer> {
  const { name, version, license, type } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return Buffer.from(`${JSON.stringify({ name, version, private: true, license, type }, null, 2)}\n`);
}
