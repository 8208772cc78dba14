/** What an error of S3's client means, whatever was asked. */
export type Fault =
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
const BY_NAME: Readonly<Record<string, Fault>> = {
  NoSuchBucket: 'misconfigured',
  InvalidBucketName: 'misconfigured',
  InvalidAccessKeyId: 'misconfigured',
  AuthorizationHeaderMalformed: 'misconfigured',
  NoSuchUpload: 'conflict', // its parts were put together, or taken back, by somebody else
  SlowDown: 'unreachable',
  RequestTimeout: 'unreachable',
};

/** The fault that an error of S3's client tells of, or undefined for one that is a bug. */
export function faultOf(error: unknown): Fault | undefined {
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

function ofStatus(status: number, name: string): Fault {
  if (status === 501) return 'unsupported';
  if (status >= 500 || status === 429 || status === 408) return 'unreachable';
  // Any other 404 is about something else (the bucket, a user), or not from S3 at all.
  if (status === 404) return name === 'NoSuchKey' || name === 'NotFound' ? 'not-found' : 'misconfigured';
  if (status === 409 || status === 412) return 'conflict';
  // A redirect is how S3 says that the bucket lives at another endpoint.
  return status < 400 || status === 401 || status === 403 ? 'misconfigured' : 'refused';
}
