import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Blobs, BlobsOptions, Whose } from './blobs.ts';
import { type StorageCode, StorageError } from './errors.ts';
import { keyFor, keysFor } from './outputs.ts';
import { isOf } from './owner.ts';
import { assertOwned, claim, exists, ownerOf, type Place, partsOf, placeOf } from './place.ts';
import { namedBy, publicBase } from './public-url.ts';

/**
 * A folder in place of the bucket, for a laptop. Whose file `tapes/a.mp4` is stands in `tapes/.a.mp4.owner`; what is being
 * written is `tapes/.a.mp4.<uuid>.part`.
 */
export function folderBlobs(options: BlobsOptions): Blobs {
  const folder = fileURLToPath(options.endpoint);
  const base = publicBase(options);
  const names = namedBy(options);
  const url: Blobs['url'] = (name, kind) => `${base}/${keyFor(name, kind)}`;
  const placesOf = (name: string) => keysFor(name).map((key) => placeOf(join(folder, key)));
  return {
    folder,
    url,
    put: (file, signal) =>
      telling(async () => {
        const { name, kind, mongoId, replaces } = file;
        const place = placeOf(join(folder, keyFor(name, kind)));
        const whose = { mongoId, unowned: names(replaces, name) };
        await mkdir(dirname(place.path), { recursive: true });
        for (const other of placesOf(name)) await assertOwned(other, whose);
        await store(file.path, place, whose, signal);
        return url(name, kind);
      }, signal),
    remove: (name, of) =>
      telling(async () => {
        const removed: string[] = [];
        for (const key of keysFor(name)) {
          const place = placeOf(join(folder, key));
          if (of && !isOf(await ownerOf(place), of)) continue;
          if (await exists(place.path)) removed.push(key);
          for (const path of [place.path, ...(await partsOf(place)), place.owner]) {
            await rm(path, { force: true });
          }
        }
        return removed;
      }),
    check: (look) =>
      telling(async () => {
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

async function store(path: string, place: Place, whose: Whose, signal: AbortSignal): Promise<void> {
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
async function telling<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (cause) {
    signal?.throwIfAborted();
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw known(code) ? new StorageError(known(code)!, { cause }) : cause;
  }
}

function known(code: string): StorageCode | undefined {
  if (FULL.includes(code)) return 'STORAGE_FULL';
  return UNUSABLE.includes(code) ? 'STORAGE_MISCONFIGURED' : undefined;
}
