import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { BlobFile, Blobs, BlobsOptions } from './blobs.ts';
import { type StorageCode, StorageError } from './errors.ts';
import { keyFor, keysFor } from './outputs.ts';
import { assertOwned, claim, exists, type Place, partsOf, placeOf } from './place.ts';
import { publicBase } from './public-url.ts';

/**
 * A folder in place of the bucket, for a laptop. Whose file `tapes/a.mp4` is stands in `tapes/.a.mp4.owner`; what is being
 * written is `tapes/.a.mp4.<uuid>.part`.
 */
export function folderBlobs(options: BlobsOptions): Blobs {
  const folder = fileURLToPath(options.endpoint);
  const base = publicBase(options);
  const url: Blobs['url'] = (slug, kind) => `${base}/${keyFor(slug, kind)}`;
  const placesOf = (slug: string) => keysFor(slug).map((key) => placeOf(join(folder, key)));
  return {
    folder,
    url,
    put: (file, signal) =>
      telling(async () => {
        const place = placeOf(join(folder, keyFor(file.slug, file.kind)));
        await mkdir(dirname(place.path), { recursive: true });
        for (const other of placesOf(file.slug)) await assertOwned(other, file.mongoId);
        await store(file, place, signal);
        return url(file.slug, file.kind);
      }, signal),
    remove: (slug) =>
      telling(async () => {
        const removed: string[] = [];
        for (const key of keysFor(slug)) {
          const place = placeOf(join(folder, key));
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

async function store({ path, mongoId }: BlobFile, place: Place, signal: AbortSignal): Promise<void> {
  const part = `${place.partial}${randomUUID()}.part`;
  let isNew = false;
  try {
    isNew = await claim(place, mongoId);
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
