/** S3's client for a bucket, and the meaning of its errors. */
import { isIP } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { unbracketed } from '../source/address-guard.ts';

/** The place of a bucket, and its keys. */
export interface Account {
  /** `https://…`, or `file:///dir` for a folder in its place. */
  readonly endpoint: URL;
  /** Not used for a folder. */
  readonly bucket: string;
  readonly key: string;
  readonly secret: string;
  /** Milliseconds to connect, and without a byte on a connection; 5 and 20 seconds by default. */
  readonly connectMs?: number | undefined;
  readonly idleMs?: number | undefined;
}

/** A client for one bucket that sends each request up to `maxAttempts` times, with the SDK's own backoff. */
export function openClient(account: Account, maxAttempts: number): S3Client {
  const { endpoint, key, secret, connectMs = 5000, idleMs = 20_000 } = account;
  return new S3Client({
    endpoint: endpoint.href.replace(/\/+$/, ''),
    forcePathStyle: isPathStyle(endpoint),
    region: 'us-east-1', // Spaces expects this for every region
    credentials: { accessKeyId: key, secretAccessKey: secret },
    maxAttempts,
    retryMode: 'standard',
    // Spaces knows only some headers of AWS's newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs },
  });
}

/** Whether the bucket is first in the path of its URLs: an address and localhost have no subdomains. */
export function isPathStyle({ hostname }: URL): boolean {
  return isIP(unbracketed(hostname)) !== 0 || hostname === 'localhost';
}

/** The meaning of an error of S3's client, for every kind of request. */
export type S3Fault =
  | 'not-found'
  | 'conflict'
  | 'misconfigured'
  | 'unreachable'
  | 'timeout'
  | 'unsupported' // the server does not know a header
  | 'refused';

interface ClientError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** Codes with an ordinary 4xx status that mean a wrong bucket or key, or a failure of the moment. */
const BY_NAME: Readonly<Record<string, S3Fault>> = {
  NoSuchBucket: 'misconfigured',
  InvalidBucketName: 'misconfigured',
  InvalidAccessKeyId: 'misconfigured',
  AuthorizationHeaderMalformed: 'misconfigured',
  NoSuchUpload: 'conflict', // another client completed or aborted it
  SlowDown: 'unreachable',
  RequestTimeout: 'unreachable',
};

/** The fault of an error of S3's client; undefined for a bug. */
export function classifyS3Error(error: unknown): S3Fault | undefined {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
    return undefined;
  }
  const { name = '', code, $metadata, $response } = (error ?? {}) as ClientError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  if (status !== undefined && status >= 300) return ofStatus(status, name);
  // The client calls a reset connection a timeout too, but keeps its code.
  const isTimeout = name === 'TimeoutError' && (code === undefined || code === 'ETIMEDOUT');
  return isTimeout ? 'timeout' : 'unreachable';
}

function ofStatus(status: number, name: string): S3Fault {
  if (status === 501) return 'unsupported';
  if (status >= 500 || status === 429 || status === 408) return 'unreachable';
  // Any other 404 is about a bucket or a user, or does not come from S3.
  if (status === 404) return name === 'NoSuchKey' || name === 'NotFound' ? 'not-found' : 'misconfigured';
  if (status === 409 || status === 412) return 'conflict';
  // A redirect means that the bucket is at another endpoint.
  return status < 400 || status === 401 || status === 403 ? 'misconfigured' : 'refused';
}
