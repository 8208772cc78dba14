import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Log } from '../lib/log.ts';

/** Every code that an error of the API may have, with its status and what it means. The list is closed. */
export const API_ERRORS = {
  INVALID_JSON: [400, 'The body is not JSON.'],
  INVALID_REQUEST: [400, 'Something in the request is not as it should be; `fields` says what.'],
  UNAUTHORIZED: [401, 'The secret is missing, or is not one that Oven accepts.'],
  ORIGIN_NOT_ALLOWED: [403, 'Oven does not talk to the origin of a URL; `fields` says which.'],
  NOT_FOUND: [404, 'There is nothing at this address.'],
  JOB_NOT_FOUND: [404, 'There is no such job, or none any more.'],
  METHOD_NOT_ALLOWED: [405, 'This address does not take this method; the header Allow says which it takes.'],
  BAKE_RUNNING: [409, 'The same tape waits or is being baked; it can be baked again after that.'],
  JOB_UNFINISHED: [409, 'The job has not ended yet.'],
  JOB_FINISHED: [409, 'The job has ended already.'],
  BODY_TOO_LARGE: [413, 'The body is larger than 64 KiB.'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body must come as application/json.'],
  QUEUE_FULL: [429, 'As many tapes wait as may. Retry-After says when to ask again.'],
  INTERNAL: [500, 'Something went wrong inside Oven. It is in the log, under the request id.'],
  DRAINING: [503, 'Oven takes no tapes just now, since it is about to be worked on.'],
  DISK: [503, 'There is too little room on the disk.'],
  QUEUE_UNREACHABLE: [503, 'The queue can not be reached.'],
  STORAGE_FAILED: [503, 'The storage did not do what it was asked for.'],
  UNAVAILABLE: [503, 'Oven can not be reached for the moment: the proxy before it says so.'],
  TAPE_BUSY: [503, 'The tape is still being baked, and is told to stop: ask again.'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ApiCode = keyof typeof API_ERRORS;
export const API_CODES = Object.keys(API_ERRORS) as [ApiCode, ...ApiCode[]];

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
    super(API_ERRORS[code][1], 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.status = API_ERRORS[code][0];
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
