import { XRPCError } from '@atproto/api';
import { retryAfterSeconds } from '../oven.ts';

export type PdsCode =
  | 'PDS_UNREACHABLE' // no connection, or it broke
  | 'PDS_TIMEOUT'
  | 'PDS_BUSY' // 5xx or 429
  | 'PDS_LOGIN' // the password or the session is refused
  | 'PDS_TOO_LARGE' // the blob is larger than it takes
  | 'PDS_BLOB_LOST' // it doesn't have (any more) a blob that was uploaded
  | 'PDS_CONFLICT' // the record was changed by another in the meantime
  | 'PDS_REFUSED'; // anything else: not expected

/** A failure of the PDS. This module writes `message`, because a server's text may hold anything. */
export class PdsError extends Error {
  override readonly name = 'PdsError';
  readonly code: PdsCode;
  /** Seconds until the next attempt, at least. */
  readonly retryAfter: number;

  constructor(code: PdsCode, message: string, options: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter ?? 30;
  }
}

/** The meaning of an error of the client library. */
export function toPdsError(error: unknown): PdsError {
  if (error instanceof PdsError) return error;
  const fault = (code: PdsCode, message: string, retryAfter?: number) =>
    new PdsError(code, message, { ...(retryAfter !== undefined && { retryAfter }), cause: error });
  if (isTimeout(error)) return fault('PDS_TIMEOUT', 'The PDS doesn’t answer in time.');
  if (!(error instanceof XRPCError)) return fault('PDS_UNREACHABLE', 'The PDS can’t be reached.');
  const { status, error: name } = error;
  if (status === 401 || name === 'ExpiredToken' || name === 'InvalidToken') {
    return fault('PDS_LOGIN', 'The PDS refuses the login of the account.', 300);
  }
  if (status === 413 || name === 'BlobTooLarge' || name === 'PayloadTooLarge') {
    return fault('PDS_TOO_LARGE', 'The PDS takes no blob of this size.');
  }
  if (name === 'InvalidSwap') return fault('PDS_CONFLICT', 'The record was changed by another.', 2);
  if (name === 'BlobNotFound' || /could not find blob/i.test(error.message)) {
    return fault('PDS_BLOB_LOST', 'The PDS has lost the blob.', 1);
  }
  if (status === 429 || status >= 500) {
    const asked =
      retryAfterSeconds(error.headers?.['retry-after'] ?? null) || secondsUntilReset(error.headers);
    return fault('PDS_BUSY', `The PDS answers ${status}.`, Math.max(30, asked));
  }
  // 1 and 2 are the library's own statuses: no response, and an invalid one.
  if (status < 100) return fault('PDS_UNREACHABLE', 'The PDS can’t be reached.');
  return fault(
    'PDS_REFUSED',
    `The PDS answers ${status}${name ? ` (${String(name).slice(0, 40)})` : ''}.`,
    600,
  );
}

function isTimeout(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at.name === 'TimeoutError' || at.name === 'AbortError') return true;
  }
  return false;
}

/** Seconds until the end of a rate limit, by the PDS's own header in epoch seconds. */
function secondsUntilReset(headers: Record<string, string | undefined> | undefined): number {
  const reset = Number(headers?.['ratelimit-reset'] ?? Number.NaN);
  return Number.isFinite(reset) ? Math.min(Math.max(0, reset - Math.floor(Date.now() / 1000)), 3600) : 0;
}
