import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { type StorageCode, StorageError } from './errors.ts';
import { CACHE_CONTROL, contentType, keyFor, keysFor } from './keys.ts';
import { assertOwned, headObject, isOwnedBy, ownerMetadata } from './owner.ts';
import { namedBy, publicBase } from './public-url.ts';
import { classifyS3Error, openClient, type S3Fault } from './s3.ts';
import type { OutputFile, OutputStorage, StorageOptions } from './storage.ts';
import { upload } from './upload.ts';

/** Times that each request is sent at most. */
const ATTEMPTS = 4;
/** Times that a file is sent when another bake of the same tape stores it meanwhile. */
const ROUNDS = 3;
/** Milliseconds for a file, for a removal and for a check. */
const PUT_MS = 120_000;
const REMOVE_MS = 60_000;
const CHECK_MS = 15_000;

/** A bucket that everybody may read. */
export function bucketStorage(options: StorageOptions): OutputStorage {
  const Bucket = options.bucket;
  const base = publicBase(options);
  const names = namedBy(options);
  const client = openClient(options, ATTEMPTS);
  const open = { Bucket, ACL: 'public-read', CacheControl: CACHE_CONTROL } as const;

  /** Whether the server knows conditions; where it does not, looking before is all there is. */
  let isConditional = true;

  /** One round: fails with a conflict when the object changes between the look and the end of the upload. */
  const putOnce = async ({ name, kind, path, mongoId, replaces }: OutputFile, signal: AbortSignal) => {
    const Key = keyFor(name, kind);
    const keys = keysFor(name);
    const found = await Promise.all(keys.map((key) => headObject(client, Bucket, key, signal)));
    assertOwned(found, { mongoId, unowned: names(replaces, name) });
    const target = {
      ...{ ...open, Key, ContentType: contentType(kind), Metadata: ownerMetadata(mongoId) },
      ...(isConditional && condition(found[keys.indexOf(Key)]?.etag)),
    };
    await upload(client, path, target, signal);
  };

  return {
    folder: undefined,
    url: (name, kind) => `${base}/${keyFor(name, kind)}`,
    put: (file, signal) =>
      withTimeout(PUT_MS, signal, async (either) => {
        for (let round = 1; ; round += 1) {
          try {
            await putOnce(file, either);
            return `${base}/${keyFor(file.name, file.kind)}`;
          } catch (error) {
            const fault = classifyS3Error(error);
            const mayHelp = fault === 'conflict' || (fault === 'unsupported' && isConditional);
            if (!mayHelp || round === ROUNDS) throw error;
            if (fault === 'unsupported') isConditional = false;
          }
        }
      }),
    remove: (name, of) =>
      withTimeout(REMOVE_MS, undefined, async (signal) => {
        const keys = keysFor(name);
        const found = await Promise.all(keys.map((Key) => headObject(client, Bucket, Key, signal)));
        const there = keys.filter((_, index) => found[index] !== undefined);
        const own = keys.filter((_, index) => found[index] && (!of || isOwnedBy(found[index].mongoId, of)));
        // Looking can't tell a missing bucket from a missing object, deleting can: so it is done in any case.
        for (const Key of there.length > 0 ? own : [`tapes/.oven-check-${randomUUID()}`]) {
          await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal: signal });
        }
        return own;
      }),
    check: (look) =>
      withTimeout(CHECK_MS, undefined, async (abortSignal) => {
        const Key = `tapes/.oven-check-${randomUUID()}`;
        await client.send(new PutObjectCommand({ ...open, Key, Body: Key }), { abortSignal });
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
          if ((await Body?.transformToString()) !== Key) throw new StorageError('STORAGE_MISCONFIGURED');
          await look?.(`${base}/${Key}`, Key);
        } finally {
          await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal });
        }
      }),
    close: () => client.destroy(),
  };
}

/** Lets an upload pass only while the object is as it was seen: two tapes at once can't both take a slug. */
function condition(etag: string | undefined): Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> {
  return etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
}

const CODES: Readonly<Record<S3Fault, StorageCode>> = {
  'not-found': 'STORAGE_MISCONFIGURED', // of the bucket: a missing object is dealt with where it may be missing
  misconfigured: 'STORAGE_MISCONFIGURED',
  conflict: 'STORAGE_CONFLICT',
  unreachable: 'STORAGE_UNREACHABLE',
  timeout: 'STORAGE_TIMEOUT',
  unsupported: 'STORAGE_REFUSED',
  refused: 'STORAGE_REFUSED',
};

/** Calls `run` with a signal that aborts after so many milliseconds too, and has errors of the client say what they mean. */
async function withTimeout<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(milliseconds);
  try {
    return await run(AbortSignal.any(signal ? [signal, deadline] : [deadline]));
  } catch (cause) {
    signal?.throwIfAborted();
    if (deadline.aborted) throw new StorageError('STORAGE_TIMEOUT', { cause });
    if (cause instanceof StorageError || isOfFile(cause)) throw cause;
    const fault = classifyS3Error(cause);
    throw fault === undefined ? cause : new StorageError(CODES[fault], { cause });
  }
}

/** Whether an error is of a file of this machine, which has a path where a network's has an address. */
function isOfFile(error: unknown): boolean {
  const { syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall !== undefined && path !== undefined;
}
