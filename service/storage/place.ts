import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Whose } from './blobs.ts';
import { StorageError } from './errors.ts';
import { isOf } from './owner.ts';

/** Where a stored file lies, and what lies beside it. */
export interface Place {
  readonly path: string;
  /** The file that says whose it is. */
  readonly owner: string;
  /** What the names of half-written files begin with. */
  readonly partial: string;
}

export function placeOf(path: string): Place {
  const hidden = join(dirname(path), `.${basename(path)}`);
  return { path, owner: `${hidden}.owner`, partial: `${hidden}.` };
}

/** Takes a place for a tape in one step; false when it was the tape's before. Throws SLUG_TAKEN. */
export async function claim(place: Place, whose: Whose): Promise<boolean> {
  const draft = `${place.partial}${randomUUID()}.part`;
  try {
    await writeFile(draft, whose.mongoId, { flag: 'wx' });
    await link(draft, place.owner); // fails when it is there, and is never seen half-written
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Given up just now by whoever took it and failed: free again.
    if (!(await exists(place.owner))) return claim(place, whose);
    await assertOwned(place, whose);
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Throws SLUG_TAKEN when a place is another tape's, or holds a file of which nobody knows whose it is, unless `unowned`. */
export async function assertOwned(place: Place, whose: Whose): Promise<void> {
  const owner = await ownerOf(place);
  const isTaken = (owner !== undefined || (await exists(place.path))) && !isOf(owner, whose);
  if (isTaken) throw new StorageError('SLUG_TAKEN');
}

/** Whose place it is; undefined for nobody's, or nobody knows. */
export function ownerOf({ owner }: Place): Promise<string | undefined> {
  return readFile(owner, 'utf8').catch(ifMissing);
}

/** Whether there is a file or folder of this name. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ifMissing)) !== undefined;
}

/** What is, or was, being written for a place. */
export async function partsOf({ partial }: Place): Promise<string[]> {
  const names = (await readdir(dirname(partial)).catch(ifMissing)) ?? [];
  const start = basename(partial);
  return names
    .filter((name) => name.startsWith(start) && name.endsWith('.part'))
    .map((name) => join(dirname(partial), name));
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
