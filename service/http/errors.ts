/** How every error of the API is answered. */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ApiCode, ERRORS } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { isRedisError } from '../queue/store.ts';

/** What is wrong with one field of a request. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** The body of an answer that is an error. */
export interface ErrorBody {
  readonly error: {
    readonly code: ApiCode;
    readonly message: string;
    readonly fields?: readonly FieldFault[];
  };
}

/** The one error that a route throws on purpose. Only the log shows its `cause`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiCode;
  readonly status: ContentfulStatusCode;
  readonly fields: readonly FieldFault[] | undefined;
  /** In seconds. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ApiCode,
    options: { cause?: unknown; fields?: readonly FieldFault[]; retryAfter?: number } = {},
  ) {
    super(ERRORS[code].message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.status = ERRORS[code].status;
    this.fields = options.fields;
    this.retryAfter = options.retryAfter;
  }

  body(): ErrorBody {
    const { code, message, fields } = this;
    return { error: { code, message, ...(fields && { fields }) } };
  }
}

/** What zod says of a request. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
}

/** The error for a request that its schema refuses: one fault for each field, named as in JavaScript (`outputs[0].kind`). */
export function invalidRequest(issues: readonly Issue[]): ApiError {
  const faults = new Map<string, string>();
  for (const { path, message, code, keys = [] } of issues) {
    const name = path.reduce<string>((name, part) => {
      if (typeof part === 'number') return `${name}[${part}]`;
      return name === '' ? String(part) : `${name}.${String(part)}`;
    }, '');
    if (code === 'unrecognized_keys') {
      for (const key of keys) faults.set(`${name}.${key.slice(0, 64)}`, 'is not known');
    } else if (!faults.has(name)) faults.set(name, message);
  }
  const fields = [...faults].map(([field, message]) => ({ field: field || 'body', message }));
  return new ApiError('INVALID_REQUEST', { fields });
}

/** Answers every thrown value: an ApiError as it is, a bug as INTERNAL and nothing more. */
export function onError(log: Log): ErrorHandler {
  return (thrown, c) => {
    const error = toApiError(thrown);
    const { code, status } = error;
    if (status >= 500 && code !== 'DRAINING') {
      const level = code === 'INTERNAL' ? 'error' : 'warn';
      log[level]({ requestId: c.get('requestId'), code, err: error.cause ?? error }, 'request failed');
    } else if (c.req.method !== 'GET') {
      log.info({ requestId: c.get('requestId'), code, fields: error.fields }, 'request refused');
    }
    return sendError(c, error);
  };
}

export const onNotFound: NotFoundHandler = (c) => sendError(c, new ApiError('NOT_FOUND'));

export function sendError(c: Context, error: ApiError): Response {
  if (error.retryAfter !== undefined) c.header('Retry-After', String(error.retryAfter));
  if (error.status === 401) c.header('WWW-Authenticate', 'Bearer realm="oven"');
  c.header('Cache-Control', 'no-store');
  return c.json(error.body(), error.status);
}

/** Seconds after which a caller may try again when Redis could not be reached. */
const QUEUE_RETRY_SECONDS = 5;

function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof HTTPException) {
    if (thrown.status === 400) return new ApiError('INVALID_JSON');
    if (thrown.status === 413) return new ApiError('BODY_TOO_LARGE');
    if (thrown.status === 415) return new ApiError('UNSUPPORTED_MEDIA_TYPE');
  }
  if (isRedisError(thrown)) {
    return new ApiError('QUEUE_UNREACHABLE', { cause: thrown, retryAfter: QUEUE_RETRY_SECONDS });
  }
  return new ApiError('INTERNAL', { cause: thrown });
}
