/** What a caller is told when a request can't be answered as asked. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  /** `message` is shown to the caller; `headers` go with the answer. */
  constructor(
    status: number,
    code: string,
    message: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
  }
}

/** A 503 that a later, equal request may get past; Oven obeys `seconds`. */
export function tryLater(code: string, message: string, seconds: number, cause?: unknown): HttpError {
  return new HttpError(503, code, message, { headers: { 'retry-after': String(seconds) }, cause });
}
