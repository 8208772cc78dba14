import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { timedOut, tooLarge } from '../fetch/answer.ts';
import { type FetchCode, FetchError } from '../fetch/errors.ts';
import { saveAs } from '../fetch/save.ts';
import type { Art, ArtDownload } from './art.ts';
import { bucketOrigins } from './bucket.ts';
import { type Account, openClient } from './client.ts';
import { type Fault, faultOf } from './fault.ts';
import { keyBelow } from './key.ts';

/** Milliseconds for a check. */
const CHECK_MS = 10_000;

/** The bucket of tapes, read with its keys. */
export function bucketArt(account: Account): Art {
  const Bucket = account.bucket;
  const origins = bucketOrigins(account.endpoint, Bucket);
  // Whoever fetches a tape tries again himself, since a body that breaks off is beyond the client's own retries.
  const client = openClient(account, 1);
  const get = (Key: string, abortSignal: AbortSignal) =>
    client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal }).catch((cause: unknown) => {
      throw asFetchError(cause);
    });
  return {
    keyOf: (url) => origins.map((origin) => keyBelow(origin, url)).find((key) => key !== undefined),
    download: async (key, file, { signal, maxBytes, onProgress }: ArtDownload) => {
      const { Body, ContentLength: total } = await get(key, signal);
      const body = Body as Readable;
      body.on('error', () => {}); // of a body that nobody reads: not news
      try {
        if (total !== undefined && total > maxBytes) throw tooLarge(maxBytes);
        return { bytes: await saveAs(file, body, { maxBytes, total, onProgress }) };
      } finally {
        body.destroy();
      }
    },
    check: async () => {
      try {
        // No tape has this key, and only who may read and list the bucket is told so.
        await get(`oven-check-${randomUUID()}`, AbortSignal.timeout(CHECK_MS));
      } catch (error) {
        if (!(error instanceof FetchError && error.code === 'SOURCE_NOT_FOUND')) throw error;
      }
    },
    close: () => client.destroy(),
  };
}

const CODES: Readonly<Record<Exclude<Fault, 'timeout'>, readonly [FetchCode, string]>> = {
  'not-found': ['SOURCE_NOT_FOUND', 'There is no such tape in the bucket of tapes.'],
  misconfigured: ['SOURCE_MISCONFIGURED', 'Oven may not read the bucket of tapes.'],
  unreachable: ['SOURCE_UNREACHABLE', 'The bucket of tapes can not be reached.'],
  conflict: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
  unsupported: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
  refused: ['SOURCE_REFUSED', 'The bucket of tapes refused to give the tape.'],
};

function asFetchError(cause: unknown): unknown {
  const fault = faultOf(cause);
  if (fault === undefined) return cause;
  if (fault === 'timeout') return timedOut(cause);
  return new FetchError(...CODES[fault], { cause });
}
