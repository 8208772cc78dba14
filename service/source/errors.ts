/** The errors of a source, and the meaning of answers and of undici's errors. */
import type { IncomingHttpHeaders } from 'node:http';
import { errors } from 'undici';
import { OvenError, type SourceCode } from '../errors.ts';

/** The one error that a source throws on purpose: `message` names the host at most, never the path or the query of a URL. */
export class SourceError extends OvenError<SourceCode> {
  override readonly name = 'SourceError';
}

/**
 * The length in bytes that the answer of the last hop announces; undefined if it announces none. Throws SourceError for an answer
 * that is not the whole, uncompressed file, or that announces more than `maxBytes`.
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

/** The error for a request without an answer. `cause` comes from undici or from the guard. */
export function toRequestError(cause: unknown): unknown {
  if (cause instanceof SourceError || cause instanceof errors.InvalidArgumentError) return cause;
  if (isTimeout(cause)) return timedOut(cause);
  return new SourceError('SOURCE_UNREACHABLE', 'The address of the tape can not be reached.', { cause });
}

/** The error for a body that broke off. `cause` comes from undici. */
export function toBodyError(cause: unknown): SourceError {
  if (isTimeout(cause)) return timedOut(cause);
  return new SourceError('SOURCE_TRUNCATED', 'The tape ended before it was complete.', { cause });
}

/** The error for a source that takes too long. */
export function timedOut(cause?: unknown): SourceError {
  return new SourceError('SOURCE_TIMEOUT', 'The address of the tape is too slow.', { cause });
}

/** The error for a file of more than `maxBytes`. */
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
