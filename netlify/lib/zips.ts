import type { S3Client } from '@aws-sdk/client-s3';
import type { Bucket, Config } from './config.ts';
import { HttpError, tryLater } from './http.ts';
import type { Log } from './log.ts';
import { ovenSlug } from './tapes/names.ts';
import type { Tape } from './tapes/tape.ts';

/** Oven's default limit, in MiB: it refuses larger ZIPs. */
export const MAX_ZIP_MB = 256;

type Uploaded = Pick<Tape, 'slug' | 'user' | 'bucket'>;

/** The functions' interface to uploaded ZIPs. */
export interface Zips {
  /**
   * Whether the ZIP of a tape exists. Throws 413 when it is too large, and 503 when the storage does not answer or denies what the bucket's
   * key needs.
   */
  has(tape: Uploaded, signal: AbortSignal): Promise<boolean>;
}

/** The bucket and the key of a tape's ZIP: `SLUG.zip`, or `SUB/SLUG.zip` for a user, whose draft already has that slug. */
function placeOf(zips: Config['zips'], { slug, user, bucket }: Uploaded) {
  const name = bucket ?? (user ? zips.user.name : zips.guest.name);
  return {
    bucket: name === zips.user.name ? zips.user : zips.guest,
    key: `${user ? `${user}/${ovenSlug({ slug })}` : slug}.zip`,
  };
}

/** The URL of a tape's ZIP. A private one needs a key too. */
export function zipUrl(zips: Config['zips'], tape: Uploaded): URL {
  const { bucket, key } = placeOf(zips, tape);
  const path = key.split('/').map(encodeURIComponent).join('/');
  return new URL(`${bucket.url.href.replace(/\/$/, '')}/${path}`);
}

/** Looks with a bucket's keys where it has some, and as anybody where it has none. */
export function openZips(zips: Config['zips'], log: Log): Zips {
  return {
    has: async (tape, signal) => {
      const { bucket, key } = placeOf(zips, tape);
      const bytes =
        bucket.keys === undefined
          ? await bytesForAnybody(bucket, zipUrl(zips, tape), signal, log)
          : await bytesWithKeys(bucket, bucket.keys, key, signal);
      if ((bytes ?? 0) > MAX_ZIP_MB * 1024 * 1024) {
        throw new HttpError(413, 'ZIP_TOO_LARGE', `A tape may have ${MAX_ZIP_MB} MB.`);
      }
      return bytes !== undefined && bytes !== 0;
    },
  };
}

/** The size of a file that everybody may read, NaN if it is unknown; undefined when there is none. */
async function bytesForAnybody(bucket: Bucket, url: URL, signal: AbortSignal, log: Log) {
  const answer = await fetch(url, { method: 'HEAD', signal, redirect: 'error' }).catch(unavailable);
  // A bucket that may not be listed answers 403 for a missing file, and for a private one.
  if (answer.status === 403) {
    const needs = [`${bucket.variables}_KEY`, `${bucket.variables}_SECRET`];
    log('warn', 'ZIP_FORBIDDEN', {
      bucket: bucket.name,
      why: 'missing, or private and no key is set',
      needs,
    });
  }
  if (answer.status === 404 || answer.status === 403) return undefined;
  if (!answer.ok) throw unanswered(answer.status);
  return Number(answer.headers.get('content-length') ?? Number.NaN);
}

/** The size of an object; undefined when there is none. */
async function bytesWithKeys(
  bucket: Bucket,
  keys: NonNullable<Bucket['keys']>,
  Key: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const client = await clientFor(bucket, keys);
  try {
    const head = new HeadObjectCommand({ Bucket: bucket.url.href, Key });
    const { ContentLength } = await client.send(head, { abortSignal: signal });
    return ContentLength ?? Number.NaN;
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return undefined;
    if (status === 403) return await sizeOrDenial(client, bucket, Key, signal);
    throw status === undefined ? unavailable(error) : unanswered(status, error);
  }
}

const clients = new Map<string, S3Client>();

/** A client for the bucket whose URL is `Bucket` of each command. A function that stays warm keeps it. */
async function clientFor({ url }: Bucket, keys: NonNullable<Bucket['keys']>): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const name = JSON.stringify([url.href, keys]);
  const client =
    clients.get(name) ??
    new S3Client({
      endpoint: url.href.replace(/\/$/, ''),
      bucketEndpoint: true,
      region: 'us-east-1', // Spaces expects this for every region
      credentials: { accessKeyId: keys.key, secretAccessKey: keys.secret },
      maxAttempts: 2,
    });
  clients.set(name, client);
  return client;
}

/** Why a HEAD got 403, which has no text: asks again in ways that have one. Undefined when there is no such object after all. */
async function sizeOrDenial(client: S3Client, bucket: Bucket, Key: string, signal: AbortSignal) {
  const { GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const Bucket = bucket.url.href;
  const options = { abortSignal: signal };
  const code = await client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-0' }), options).then(
    () => '',
    (error: Error) => error.name,
  );
  if (code === 'NoSuchKey') return undefined;
  const { variables, name } = bucket;
  if (code === 'InvalidAccessKeyId') throw denied(`the storage does not know ${variables}_KEY`);
  if (code === 'SignatureDoesNotMatch') throw denied(`${variables}_SECRET does not fit ${variables}_KEY`);
  const list = new ListObjectsV2Command({ Bucket, Prefix: Key, MaxKeys: 1 });
  const listed = await client.send(list, options).catch((error: unknown) => {
    if (statusOf(error) === 403) return undefined;
    throw unavailable(error);
  });
  const lacks = `${variables}_KEY lacks the permission`;
  if (listed === undefined) throw denied(`${lacks} s3:GetObject or s3:ListBucket for ${name}`);
  if (listed.Contents?.[0]?.Key === Key) throw denied(`${lacks} s3:GetObject for ${name}`);
  return undefined;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function denied(why: string): HttpError {
  return tryLater('STORAGE_DENIED', `The upload can’t be looked up: ${why}.`, 300);
}

function unanswered(status: number, cause?: unknown): HttpError {
  return tryLater('STORAGE_UNAVAILABLE', `The storage answers ${status} just now.`, 5, cause);
}

function unavailable(cause: unknown): never {
  throw tryLater('STORAGE_UNAVAILABLE', 'The storage doesn’t answer just now.', 5, cause);
}
