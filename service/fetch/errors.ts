/** Why a tape could not be fetched, in the words of the API. */
export const FETCH_CODES = [
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

export type FetchCode = (typeof FETCH_CODES)[number];

/** The moment is to blame: the next try may succeed. */
const MOMENTARY: readonly FetchCode[] = ['SOURCE_UNREACHABLE', 'SOURCE_TIMEOUT', 'SOURCE_TRUNCATED'];

/**
 * The one error that a fetch throws on purpose. `message` is fit to be shown to anybody: of the source it names the
 * host at most, never the path or the query, which may hold a signature.
 */
export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly code: FetchCode;

  constructor(code: FetchCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same request may succeed later: neither the tape nor its address is to blame. */
  get passing(): boolean {
    return MOMENTARY.includes(this.code) || this.code === 'SOURCE_MISCONFIGURED';
  }
}

/** Whether an error is a FetchError worth another attempt at once; anything else (a full disk, a bug) is not. */
export function isMomentary(error: unknown): boolean {
  return error instanceof FetchError && MOMENTARY.includes(error.code);
}
