/**
 * A folder in place of the bucket, for a laptop. The owner of `tapes/a.mp4` is in `tapes/.a.mp4.owner`; it is private while there
 * is a `tapes/.a.mp4.private`; a file that is being written is `tapes/.a.mp4.<uuid>.part`.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { StorageCode } from '../errors.ts';
import { keyFor, keysFor } from './keys.ts';
import {
  isOwnedBy,
  type OutputStorage,
  StorageError,
  type StorageOptions,
  type TapeOwner,
} from './storage.ts';
import { mp4UrlMatcher, publicBase } from './urls.ts';

export function folderStorage(options: StorageOptions): OutputStorage {
  const folder = fileURLToPath(options.endpoint);
  const base = publicBase(options);
  const isMp4Url = mp4UrlMatcher(options);
  const url: OutputStorage['url'] = (...output) => `${base}/${keyFor(...output)}`;
  const placeOfKey = (key: string) => placeOf(join(folder, key));
  return {
    folder,
    url,
    put: (file, signal) =>
      withStorageErrors(async () => {
        const { name, kind, format, path, mongoId, replaces } = file;
        const place = placeOfKey(keyFor(name, kind, format));
        const owner = { mongoId, unowned: isMp4Url(replaces, name) };
        await mkdir(dirname(place.path), { recursive: true });
        for (const key of keysFor(name)) await assertOwned(placeOfKey(key), owner);
        await store(path, place, owner, file.acl === 'private', signal);
        return url(name, kind, format);
      }, signal),
    remove: (name, owner) =>
      withStorageErrors(async () => {
        const removed: string[] = [];
        for (const key of keysFor(name)) {
          const place = placeOfKey(key);
          if (owner && !isOwnedBy(await readOwner(place), owner)) continue;
          if (await exists(place.path)) removed.push(key);
          for (const path of [place.path, ...(await listParts(place)), place.owner, place.private]) {
            await rm(path, { force: true });
          }
        }
        return removed;
      }),
    check: (inspect) =>
      withStorageErrors(async () => {
        const key = `tapes/.oven-check-${randomUUID()}`;
        const path = join(folder, key);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, path, { flag: 'wx' });
        try {
          if ((await readFile(path, 'utf8')) !== path) throw new StorageError('STORAGE_MISCONFIGURED');
          await inspect?.(`${base}/${key}`, path);
        } finally {
          await rm(path);
        }
      }),
    close: () => {},
  };
}

/** Whether only operators may read a file of a folder storage. */
export async function isPrivateFile(path: string): Promise<boolean> {
  return exists(placeOf(path).private);
}

async function store(
  path: string,
  place: Place,
  owner: TapeOwner,
  isPrivate: boolean,
  signal: AbortSignal,
): Promise<void> {
  const part = `${place.partial}${randomUUID()}.part`;
  let isNew = false;
  try {
    isNew = await claim(place, owner);
    await pipeline(createReadStream(path), createWriteStream(part, { flags: 'wx' }), { signal });
    // In this order the new file is at no moment more public than it may be.
    if (isPrivate) await writeFile(place.private, '');
    await rename(part, place.path);
    if (!isPrivate) await rm(place.private, { force: true });
  } catch (error) {
    await rm(part, { force: true });
    if (isNew && !(await exists(place.path))) {
      for (const file of [place.owner, place.private]) await rm(file, { force: true });
    }
    throw error;
  }
}

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const UNUSABLE: readonly string[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EEXIST'];

/** Turns errors of the folder into StorageErrors. */
async function withStorageErrors<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    const code = storageCodeOf((cause as NodeJS.ErrnoException).code ?? '');
    throw code ? new StorageError(code, { cause }) : cause;
  }
}

function storageCodeOf(code: string): StorageCode | undefined {
  if (FULL.includes(code)) return 'STORAGE_FULL';
  return UNUSABLE.includes(code) ? 'STORAGE_MISCONFIGURED' : undefined;
}

/** The paths of a stored file. */
interface Place {
  readonly path: string;
  /** The file that holds the owner's mongoId. */
  readonly owner: string;
  /** The file that says that only operators may read it. */
  readonly private: string;
  /** The start of the names of half-written files. */
  readonly partial: string;
}

function placeOf(path: string): Place {
  const hidden = join(dirname(path), `.${basename(path)}`);
  return { path, owner: `${hidden}.owner`, private: `${hidden}.private`, partial: `${hidden}.` };
}

/** Takes a place for a tape in one step; false if the tape had it before. Throws SLUG_TAKEN. */
async function claim(place: Place, owner: TapeOwner): Promise<boolean> {
  const draft = `${place.partial}${randomUUID()}.part`;
  try {
    await writeFile(draft, owner.mongoId, { flag: 'wx' });
    await link(draft, place.owner); // fails if the file is there, and never shows it half-written
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Another bake took the place, failed, and gave it up just now: it is free again.
    if (!(await exists(place.owner))) return claim(place, owner);
    await assertOwned(place, owner);
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Throws SLUG_TAKEN if a place belongs to another tape, or holds a file without an owner, unless `unowned`. */
async function assertOwned(place: Place, owner: TapeOwner): Promise<void> {
  const mongoId = await readOwner(place);
  const isTaken = (mongoId !== undefined || (await exists(place.path))) && !isOwnedBy(mongoId, owner);
  if (isTaken) throw new StorageError('SLUG_TAKEN');
}

function readOwner({ owner }: Place): Promise<string | undefined> {
  return readFile(owner, 'utf8').catch(ifMissing);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ifMissing)) !== undefined;
}

/** Half-written files of a place, of this process or of one that died. */
async function listParts({ partial }: Place): Promise<string[]> {
  const names = (await readdir(dirname(partial)).catch(ifMissing)) ?? [];
  const start = basename(partial);
  return names
    .filter((name) => name.startsWith(start) && name.endsWith('.part'))
    .map((name) => join(dirname(partial), name));
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
