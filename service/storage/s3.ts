import { isIP } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { unbracketed } from '../source/address-guard.ts';

/** Where a bucket is, and the keys to it. */
export interface Account {
  /** `https://…`, or `file:///dir` for a folder in its place. */
  readonly endpoint: URL;
  /** Not used of a folder. */
  readonly bucket: string;
  readonly key: string;
  readonly secret: string;
  /** Milliseconds until a connection is there, and without a byte on it; 5 and 20 seconds unless told. */
  readonly connectMs?: number | undefined;
  readonly idleMs?: number | undefined;
}

/** A client for one bucket that tries each request up to so many times, with the SDK's own backoff. */
export function openClient(account: Account, maxAttempts: number): S3Client {
  const { endpoint, key, secret, connectMs = 5000, idleMs = 20_000 } = account;
  return new S3Client({
    endpoint: endpoint.href.replace(/\/+$/, ''),
    forcePathStyle: isPathStyle(endpoint),
    region: 'us-east-1', // what Spaces wants to be told, wherever the bucket is
    credentials: { accessKeyId: key, secretAccessKey: secret },
    maxAttempts,
    retryMode: 'standard',
    // Newer checksums are AWS's own matter: Spaces knows the headers only in part.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs },
  });
}

/** Whether the bucket stands first in the path of its URLs: there are no names below an address or localhost. */
export function isPathStyle({ hostname }: URL): boolean {
  return isIP(unbracketed(hostname)) !== 0 || hostname === 'localhost';
}

/** What an error of S3's client means, whatever was asked. */
export type S3Fault =
  | 'not-found'
  | 'conflict'
  | 'misconfigured'
  | 'unreachable'
  | 'timeout'
  | 'unsupported' // a header that this server does not know
  | 'refused';

interface ClientError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** Codes that have a 4xx status like any other refusal, but are about the bucket or its keys, or about the moment. */
const BY_NAME: Readonly<Record<string, S3Fault>> = {
  NoSuchBucket: 'misconfigured',
  InvalidBucketName: 'misconfigured',
  InvalidAccessKeyId: 'misconfigured',
  AuthorizationHeaderMalformed: 'misconfigured',
  NoSuchUpload: 'conflict', // its parts were put together, or taken back, by somebody else
  SlowDown: 'unreachable',
  RequestTimeout: 'unreachable',
};

/** The fault that an error of S3's client tells of, or undefined for one that is a bug. */
export function classifyS3Error(error: unknown): S3Fault | undefined {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
    return undefined;
  }
  const { name = '', code, $metadata, $response } = (error ?? {}) as ClientError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  if (status !== undefined && status >= 300) return ofStatus(status, name);
  // The client calls a reset connection a timeout too, and leaves its code there.
  const isTimeout = name === 'TimeoutError' && (code === undefined || code === 'ETIMEDOUT');
  return isTimeout ? 'timeout' : 'unreachable';
}

function ofStatus(status: number, name: string): S3Fault {
  if (status === 501) return 'unsupported';
  if (status >= 500 || status === 429 || status === 408) return 'unreachable';
  // Any other 404 is about something else (the bucket, a user), or not from S3 at all.
  if (status === 404) return name === 'NoSuchKey' || name === 'NotFound' ? 'not-found' : 'misconfigured';
  if (status === 409 || status === 412) return 'conflict';
  // A redirect is how S3 says that the bucket lives at another endpoint.
  return status < 400 || status === 401 || status === 403 ? 'misconfigured' : 'refused';
}
