import { S3Client } from '@aws-sdk/client-s3';
import { isPathStyle } from './bucket.ts';

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
