/** The private bucket of tapes on S3, or a folder in its place. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { SourceCode } from '../errors.ts';
import { type Account, classifyS3Error, openClient, type S3Fault } from '../storage/s3.ts';
import { bucketOrigins, keyBelow } from '../storage/urls.ts';
import { type OnBytes, saveAs } from './download.ts';
import { SourceError, timedOut, tooLarge } from './errors.ts';

/** The private bucket of tapes, or a folder in its place. */
export interface TapeBucket {
  /** The key that a URL means, if it is in this bucket. */
  keyOf(url: URL): string | undefined;
  /**
   * Fetches a tape into a new file, which is there afterwards only if it is whole: one attempt, without a time limit for the
   * whole. Throws SourceError, and errors of the file unchanged.
   */
  download(key: string, file: string, how: TapeDownload): Promise<{ bytes: number }>;
  /** Checks that the bucket can be read. Throws SourceError. */
  check(): Promise<void>;
  close(): void;
}

export interface TapeDownload {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly onProgress?: OnBytes | undefined;
}

/** Opens the tape bucket, without a request to it. */
export function openTapeBucket(account: Account): TapeBucket {
  return account.endpoint.protocol === 'file:' ? folderTapeBucket(account.endpoint) : s3TapeBucket(account);
}

/** Milliseconds for a check. */
const CHECK_MS = 10_000;

/** The tape bucket, read with its keys. */
export function s3TapeBucket(account: Account): TapeBucket {
  const Bucket = account.bucket;
  const origins = bucketOrigins(account.endpoint, Bucket);
  // One attempt: `source.ts` retries, since the client itself does not retry after a broken body.
  const client = openClient(account, 1);
  const get = (Key: string, abortSignal: AbortSignal) =>
    client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal }).catch((cause: unknown) => {
      throw toSourceError(cause);
    });
  return {
    keyOf: (url) => origins.map((origin) => keyBelow(origin, url)).find((key) => key !== undefined),
    download: async (key, file, { signal, maxBytes, onProgress }: TapeDownload) => {
      const { Body, ContentLength: total } = await get(key, signal);
      const body = Body as Readable;
      body.on('error', () => {}); // a body that is not read fails when it is destroyed
      try {
        if (total !== undefined && total > maxBytes) throw tooLarge(maxBytes);
        return { bytes: await saveAs(file, body, { maxBytes, total, onProgress }) };
      } finally {
        body.destroy();
      }
    },
    check: async () => {
      try {
        // No tape has this key, and S3 answers 404 only to a client that may read and list the bucket.
        await get(`oven-check-${randomUUID()}`, AbortSignal.timeout(CHECK_MS));
      } catch (error) {
        if (!(error instanceof SourceError && error.code === 'SOURCE_NOT_FOUND')) throw error;
      }
    },
    close: () => client.destroy(),
  };
}

const CODES: Readonly<Record<Exclude<S3Fault, 'timeout'>, readonly [SourceCode, string]>> = {
  'not-found': ['SOURCE_NOT_FOUND', 'There is no such tape in the bucket of tapes.'],
  misconfigured: ['SOURCE_MISCONFIGURED', 'Oven may not read the bucket of tapes.'],
  unreachable: ['SOURCE_BUCKET_DOWN', 'The bucket of tapes can not be reached.'],
  conflict: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
  unsupported: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
  refused: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
};

function toSourceError(cause: unknown): unknown {
  const fault = classifyS3Error(cause);
  if (fault === undefined) return cause;
  if (fault === 'timeout') return timedOut(cause);
  return new SourceError(...CODES[fault], { cause });
}

/** A folder in place of the tape bucket, for a laptop: `file:///dir/abc.zip` is the tape `abc.zip`. */
export function folderTapeBucket(endpoint: URL): TapeBucket {
  const folder = fileURLToPath(endpoint);
  return {
    keyOf: (url) => keyBelow(endpoint.href, url),
    download: async (key, file, { signal, maxBytes, onProgress }) => {
      const path = join(folder, key);
      const total = await sizeOf(path);
      if (total > maxBytes) throw tooLarge(maxBytes);
      const body = createReadStream(path, { signal });
      body.on('error', () => {}); // one that comes before the first read would end the process
      return { bytes: await saveAs(file, body, { maxBytes, total, onProgress }) };
    },
    check: () =>
      access(folder).catch((cause: unknown) => {
        throw new SourceError('SOURCE_MISCONFIGURED', 'Oven may not read the folder of tapes.', { cause });
      }),
    close: () => {},
  };
}

/** Bytes of a file. A folder, or a pipe that would never end, is no tape. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => cause);
  if (!(found instanceof Error) && found.isFile()) return found.size;
  throw new SourceError('SOURCE_NOT_FOUND', 'There is no such tape in the folder of tapes.', {
    cause: found,
  });
}
