/** A storage in a bucket on S3. Each object records its owner, and conditional writes keep two tapes from taking one key. */
import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { fileType } from '../bake/outputs.ts';
import type { StorageCode } from '../errors.ts';
import { withDeadline } from '../lib/deadline.ts';
import { withRetries } from '../lib/retry.ts';
import type { Acl } from '../schemas/request.ts';
import { CACHE_CONTROL, keyFor, keysFor } from './keys.ts';
import { classifyS3Error, openClient, type S3Fault } from './s3.ts';
import {
  isOwnedBy,
  type OutputFile,
  type OutputStorage,
  StorageError,
  type StorageOptions,
  type TapeOwner,
} from './storage.ts';
import { upload } from './upload.ts';
import { mp4UrlMatcher, publicBase } from './urls.ts';

/** How often each request is sent at most. */
const REQUEST_ATTEMPTS = 4;
/** How often a file is stored at most when another bake of the same tape stores it at the same time. */
const PUT_ATTEMPTS = 3;
/** Milliseconds for a file, for a removal and for a check. */
const PUT_MS = 120_000;
const REMOVE_MS = 60_000;
const CHECK_MS = 15_000;

/** A storage in a bucket. Anyone may read its objects but the private ones, as their ACLs say. */
export function bucketStorage(options: StorageOptions): OutputStorage {
  const Bucket = options.bucket;
  const base = publicBase(options);
  const isMp4Url = mp4UrlMatcher(options);
  const client = openClient(options, REQUEST_ATTEMPTS);
  const common = (acl: Acl = 'public-read') =>
    ({ Bucket, ACL: acl, CacheControl: CACHE_CONTROL[acl] }) as const;

  /** Whether the server knows conditional writes. Without them, only the look before the upload protects other tapes. */
  let isConditional = true;

  /** Fails with a conflict when the object changes between the look at it and the end of the upload. */
  const putOnce = async (file: OutputFile, signal: AbortSignal): Promise<void> => {
    const { name, kind, format, path, mongoId, acl, replaces } = file;
    const Key = keyFor(name, kind, format);
    const keys = keysFor(name);
    const heads = await Promise.all(keys.map((key) => headObject(client, Bucket, key, signal)));
    assertOwned(heads, { mongoId, unowned: isMp4Url(replaces, name) });
    const target = {
      ...common(acl),
      Key,
      ContentType: fileType(kind, format).contentType,
      Metadata: ownerMetadata(mongoId),
    };
    const wasConditional = isConditional;
    const condition = wasConditional ? unchanged(heads[keys.indexOf(Key)]) : {};
    try {
      await upload(client, path, { ...target, ...condition }, signal);
    } catch (error) {
      if (classifyS3Error(error) !== 'unsupported' || !wasConditional) throw error;
      isConditional = false;
      await putOnce(file, signal);
    }
  };

  return {
    folder: undefined,
    url: (...output) => `${base}/${keyFor(...output)}`,
    put: (file, signal) =>
      request(PUT_MS, signal, async (signal) => {
        await withRetries(() => putOnce(file, signal), {
          attempts: PUT_ATTEMPTS,
          delays: [0], // the state of the object is read again in any case
          signal,
          isRetryable: (error) => classifyS3Error(error) === 'conflict',
        });
        return `${base}/${keyFor(file.name, file.kind, file.format)}`;
      }),
    remove: (name, owner) =>
      request(REMOVE_MS, undefined, async (signal) => {
        const keys = keysFor(name);
        const heads = await Promise.all(keys.map((key) => headObject(client, Bucket, key, signal)));
        const stored = keys.flatMap((key, index) => (heads[index] ? [{ key, head: heads[index] }] : []));
        const owned = stored
          .filter(({ head }) => owner === undefined || isOwnedBy(head.mongoId, owner))
          .map(({ key }) => key);
        // HEAD can't tell a missing bucket from a missing object, DELETE can: so one is sent in any case.
        for (const Key of stored.length > 0 ? owned : [checkKey()]) {
          await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal: signal });
        }
        return owned;
      }),
    check: (inspect) =>
      request(CHECK_MS, undefined, async (abortSignal) => {
        const Key = checkKey();
        await client.send(new PutObjectCommand({ ...common(), Key, Body: Key }), { abortSignal });
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal });
          if ((await Body?.transformToString()) !== Key) throw new StorageError('STORAGE_MISCONFIGURED');
          await inspect?.(`${base}/${Key}`, Key);
        } finally {
          await client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal });
        }
      }),
    close: () => client.destroy(),
  };
}

/** The key of an object that only a check writes. */
function checkKey(): string {
  return `tapes/.oven-check-${randomUUID()}`;
}

/** An object as it is in the bucket now. */
interface ObjectHead {
  readonly etag: string | undefined;
  /** Its owner; undefined for an object that Oven did not store. */
  readonly mongoId: string | undefined;
}

/** The object of a key, or undefined if there is none. Throws what the client throws. */
async function headObject(
  client: S3Client,
  Bucket: string,
  Key: string,
  abortSignal: AbortSignal,
): Promise<ObjectHead | undefined> {
  try {
    const { ETag, Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal });
    return { etag: ETag, mongoId: readOwner(Metadata) };
  } catch (error) {
    if (classifyS3Error(error) === 'not-found') return undefined;
    throw error;
  }
}

/** Throws SLUG_TAKEN unless all objects of a name belong to this tape. */
function assertOwned(heads: readonly (ObjectHead | undefined)[], owner: TapeOwner): void {
  if (heads.some((head) => head && !isOwnedBy(head.mongoId, owner))) throw new StorageError('SLUG_TAKEN');
}

/** Lets an upload pass only while the object is unchanged: two tapes at once can't both take a slug. */
function unchanged(head: ObjectHead | undefined): Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'> {
  return head?.etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: head.etag };
}

/** The owner as an object's metadata; headers hold no more than ASCII. */
function ownerMetadata(mongoId: string): Record<string, string> {
  return { mongoid: encodeURIComponent(mongoId) };
}

function readOwner(metadata: Record<string, string> | undefined): string | undefined {
  try {
    return metadata?.mongoid === undefined ? undefined : decodeURIComponent(metadata.mongoid);
  } catch {
    return undefined;
  }
}

const CODES: Readonly<Record<S3Fault, StorageCode>> = {
  'not-found': 'STORAGE_MISCONFIGURED', // the bucket: `headObject` handles a missing object
  misconfigured: 'STORAGE_MISCONFIGURED',
  conflict: 'STORAGE_CONFLICT',
  unreachable: 'STORAGE_UNREACHABLE',
  timeout: 'STORAGE_TIMEOUT',
  unsupported: 'STORAGE_REFUSED',
  refused: 'STORAGE_REFUSED',
};

/** Runs requests with a deadline, and turns errors of the client into StorageErrors. */
async function request<T>(
  ms: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooSlow = (cause: unknown) => new StorageError('STORAGE_TIMEOUT', { cause });
  return withDeadline(ms, signal, tooSlow, run).catch((cause: unknown) => {
    signal?.throwIfAborted();
    if (cause instanceof StorageError || isFileError(cause)) throw cause;
    const fault = classifyS3Error(cause);
    throw fault === undefined ? cause : new StorageError(CODES[fault], { cause });
  });
}

/** Whether an error is about a file of this machine: it has a path where a network error has an address. */
function isFileError(error: unknown): boolean {
  const { syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall !== undefined && path !== undefined;
}
