import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type ApiCode, ERRORS } from '../errors.ts';
import type { Log } from '../lib/log.ts';

/** What is wrong with one field of a request. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** How an error goes out. */
export interface ErrorBody {
  readonly error: {
    readonly code: ApiCode;
    readonly message: string;
    readonly fields?: readonly FieldFault[];
  };
}

/** The one error that a handler throws on purpose; `cause` is for the log only. */
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

/** Seconds after which a queue that could not be reached is worth another request. */
const QUEUE_RETRY_SECONDS = 5;

/** Answers whatever was thrown: typed errors as they are, a bug with nothing of it. */
export function onError(log: Log): ErrorHandler {
  return (thrown, c) => {
    const error = toApiError(thrown);
    const { code, status } = error;
    if (status >= 500 && code !== 'DRAINING') {
      const level = code === 'INTERNAL' ? 'error' : 'warn';
      log[level]({ requestId: c.get('requestId'), code, err: error.cause ?? error }, 'request failed');
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

const REDIS_ERROR_NAMES: readonly unknown[] = [
  'MaxRetriesPerRequestError',
  'ReplyError',
  'AbortError',
  'LockError',
];
const REDIS_ERROR_MESSAGES =
  /^(Connection is closed|Command timed out|Stream isn't writeable|The lock .* can't be had|connect |read |write )/;

/** Whether an error says that Redis is not there, is starting, is full, or answers too late. */
function isRedisError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isNetwork =
    typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENOTFOUND)/.test(code);
  return isNetwork || REDIS_ERROR_NAMES.includes(error.name) || REDIS_ERROR_MESSAGES.test(error.message);
}
