import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'undici';

/** Why a tape could not be fetched, in the words of the API. */
export const SOURCE_CODES = [
  'SOURCE_NOT_FOUND', // 404 and 410
  'SOURCE_REFUSED', // any other answer that is not the file: 4xx, or a form of it that was not asked for
  'SOURCE_TOO_LARGE',
  'SOURCE_UNREACHABLE', // no connection, 5xx or 429
  'SOURCE_TIMEOUT', // nothing for too long, or too slow in all
  'SOURCE_TRUNCATED', // the connection ended before the file did
  'SOURCE_PRIVATE_ADDRESS',
  'SOURCE_REDIRECTS', // too many, in a circle, to nowhere, or from https to http
  'SOURCE_NOT_ALLOWED',
  'SOURCE_MISCONFIGURED', // Oven's own settings of the art bucket are wrong: its name, its keys, or what they may do
] as const;

export type SourceCode = (typeof SOURCE_CODES)[number];

/** The moment is to blame: the next try may succeed. */
const TRANSIENT: readonly SourceCode[] = ['SOURCE_UNREACHABLE', 'SOURCE_TIMEOUT', 'SOURCE_TRUNCATED'];

/**
 * The one error that a fetch throws on purpose. `message` is fit to be shown to anybody: of the source it names the
 * host at most, never the path or the query, which may hold a signature.
 */
export class SourceError extends Error {
  override readonly name = 'FetchError';
  readonly code: SourceCode;

  constructor(code: SourceCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same request may succeed later: neither the tape nor its address is to blame. */
  get retryable(): boolean {
    return TRANSIENT.includes(this.code) || this.code === 'SOURCE_MISCONFIGURED';
  }
}

/** Whether an error is a FetchError worth another attempt at once; anything else (a full disk, a bug) is not. */
export function isTransient(error: unknown): boolean {
  return error instanceof SourceError && TRANSIENT.includes(error.code);
}

/**
 * The length that a final answer announces, in bytes, or undefined where it announces none. Throws the FetchError for
 * an answer that is not the whole file as it is, or announces more than `maxBytes`.
 */
export function announcedLength(
  status: number,
  headers: IncomingHttpHeaders,
  maxBytes: number,
): number | undefined {
  if (status !== 200) throw new SourceError(codeOf(status), `The address of the tape answered ${status}.`);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && !/^(identity)?$/i.test(String(encoding).trim())) {
    throw new SourceError('SOURCE_REFUSED', 'The address of the tape answered with a compressed file.');
  }
  const length = headers['content-length'];
  if (length === undefined) return undefined;
  const bytes = Number(length);
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return bytes;
}

/** The FetchError for a request that got no answer. `cause` is what undici, or the guard, threw. */
export function toRequestError(cause: unknown): unknown {
  if (cause instanceof SourceError || cause instanceof errors.InvalidArgumentError) return cause;
  if (isTimeout(cause)) return timedOut(cause);
  return new SourceError('SOURCE_UNREACHABLE', 'The address of the tape can not be reached.', { cause });
}

/** The FetchError for a file that stopped on the way. `cause` is what undici threw. */
export function toBodyError(cause: unknown): SourceError {
  if (isTimeout(cause)) return timedOut(cause);
  return new SourceError('SOURCE_TRUNCATED', 'The tape ended before it was complete.', { cause });
}

/** The FetchError for a source that took too long. */
export function timedOut(cause?: unknown): SourceError {
  return new SourceError('SOURCE_TIMEOUT', 'The address of the tape is too slow.', { cause });
}

/** The FetchError for a file of more than `maxBytes`. */
export function tooLarge(maxBytes: number): SourceError {
  return new SourceError('SOURCE_TOO_LARGE', `The tape is larger than ${maxBytes} bytes.`);
}

function codeOf(status: number) {
  if (status === 404 || status === 410) return 'SOURCE_NOT_FOUND';
  return status >= 500 || status === 429 || status === 408 ? 'SOURCE_UNREACHABLE' : 'SOURCE_REFUSED';
}

function isTimeout(error: unknown): boolean {
  return (
    (error as Error | undefined)?.name === 'TimeoutError' || // of S3's client
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  );
}
