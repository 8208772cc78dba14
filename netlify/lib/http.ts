import type { z } from 'zod';
import type { Log } from './log.ts';
import { PdsError } from './pds/errors.ts';

/** An error that the caller sees: status, code and message. */
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

/** A 503 with Retry-After: the same request may succeed after `seconds`. Oven waits that long. */
export function tryLater(code: string, message: string, seconds: number, cause?: unknown): HttpError {
  return new HttpError(503, code, message, { headers: { 'retry-after': String(seconds) }, cause });
}

/** A JSON response that no cache keeps. */
export function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } });
}

/** Gives the response of `work`, or {error:{code,message}} when it throws. Any error but an HttpError is a bug: 500 INTERNAL. */
export async function answerErrors(log: Log, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HttpError) {
      const { status, code, message, cause } = error;
      const why = cause === undefined ? {} : { cause: describeCause(cause) };
      log(status >= 500 ? 'warn' : 'info', code, { status, error: message, ...why });
      return json(error.status, { error: { code: error.code, message: error.message } }, error.headers);
    }
    log('error', 'INTERNAL', { error: error instanceof Error ? (error.stack ?? error.message) : error });
    const message = 'Something went wrong; the same request may work a little later.';
    return json(500, { error: { code: 'INTERNAL', message } }, { 'retry-after': '60' });
  }
}

/** The causes of an error, for the log only. The list ends at a PdsError, because the text behind it comes from a server. */
function describeCause(cause: unknown): string {
  const found: string[] = [];
  for (let at = cause; at instanceof Error && found.length < 4; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    found.push([at.name, code, at.message.slice(0, 300)].filter(Boolean).join(' '));
    if (at instanceof PdsError) break;
  }
  return found.length > 0 ? found.join(': ') : String(cause).slice(0, 100);
}

/** Throws 405 unless the request's method is one of `methods`. */
export function requireMethod(request: Request, ...methods: string[]): void {
  if (methods.includes(request.method)) return;
  throw new HttpError(405, 'METHOD_NOT_ALLOWED', `Use ${methods.join(' or ')}.`, {
    headers: { allow: methods.join(', ') },
  });
}

/** Reads a request's body. Throws 413 beyond `maxBytes`, also when content-length is wrong. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new HttpError(413, 'BODY_TOO_LARGE', `The body may have ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Parses JSON by `schema`. Throws 400 and names every field that is wrong. */
export function parseJson<T extends z.ZodType>(schema: T, text: string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HttpError(400, 'INVALID_JSON', 'The body is not JSON.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw new HttpError(400, 'INVALID_FIELDS', faults.join('; '));
}
