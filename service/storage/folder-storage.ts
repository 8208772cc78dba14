import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type StorageCode, StorageError } from './errors.ts';
import { keyFor, keysFor } from './keys.ts';
import { isOwnedBy } from './owner.ts';
import { namedBy, publicBase } from './public-url.ts';
import type { OutputStorage, StorageOptions, TapeOwner } from './storage.ts';

/**
 * A folder in place of the bucket, for a laptop. Whose file `tapes/a.mp4` is stands in `tapes/.a.mp4.owner`; what is being
 * written is `tapes/.a.mp4.<uuid>.part`.
 */
export function folderStorage(options: StorageOptions): OutputStorage {
  const folder = fileURLToPath(options.endpoint);
  const base = publicBase(options);
  const names = namedBy(options);
  const url: OutputStorage['url'] = (name, kind) => `${base}/${keyFor(name, kind)}`;
  const placesOf = (name: string) => keysFor(name).map((key) => placeOf(join(folder, key)));
  return {
    folder,
    url,
    put: (file, signal) =>
      withStorageErrors(async () => {
        const { name, kind, mongoId, replaces } = file;
        const place = placeOf(join(folder, keyFor(name, kind)));
        const whose = { mongoId, unowned: names(replaces, name) };
        await mkdir(dirname(place.path), { recursive: true });
        for (const other of placesOf(name)) await assertOwned(other, whose);
        await store(file.path, place, whose, signal);
        return url(name, kind);
      }, signal),
    remove: (name, of) =>
      withStorageErrors(async () => {
        const removed: string[] = [];
        for (const key of keysFor(name)) {
          const place = placeOf(join(folder, key));
          if (of && !isOwnedBy(await ownerOf(place), of)) continue;
          if (await exists(place.path)) removed.push(key);
          for (const path of [place.path, ...(await partsOf(place)), place.owner]) {
            await rm(path, { force: true });
          }
        }
        return removed;
      }),
    check: (look) =>
      withStorageErrors(async () => {
        const key = `tapes/.oven-check-${randomUUID()}`;
        const path = join(folder, key);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, path, { flag: 'wx' });
        try {
          if ((await readFile(path, 'utf8')) !== path) throw new StorageError('STORAGE_MISCONFIGURED');
          await look?.(`${base}/${key}`, path);
        } finally {
          await rm(path);
        }
      }),
    close: () => {},
  };
}

async function store(path: string, place: Place, whose: TapeOwner, signal: AbortSignal): Promise<void> {
  const part = `${place.partial}${randomUUID()}.part`;
  let isNew = false;
  try {
    isNew = await claim(place, whose);
    await pipeline(createReadStream(path), createWriteStream(part, { flags: 'wx' }), { signal });
    await rename(part, place.path);
  } catch (error) {
    await rm(part, { force: true });
    if (isNew && !(await exists(place.path))) await rm(place.owner, { force: true });
    throw error;
  }
}

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const UNUSABLE: readonly string[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST'];

/** Has errors of the folder say what they mean. */
async function withStorageErrors<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw storageCodeOf(code) ? new StorageError(storageCodeOf(code)!, { cause }) : cause;
  }
}

function storageCodeOf(code: string): StorageCode | undefined {
  if (FULL.includes(code)) return 'STORAGE_FULL';
  return UNUSABLE.includes(code) ? 'STORAGE_MISCONFIGURED' : undefined;
}

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
export async function claim(place: Place, whose: TapeOwner): Promise<boolean> {
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
export async function assertOwned(place: Place, whose: TapeOwner): Promise<void> {
  const owner = await ownerOf(place);
  const isTaken = (owner !== undefined || (await exists(place.path))) && !isOwnedBy(owner, whose);
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
