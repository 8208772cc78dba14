import type { Context, ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Log } from '../log.ts';
import { ApiError } from './errors.ts';

/** Seconds after which a queue that could not be reached is worth another request. */
const QUEUE_RETRY_SECONDS = 5;

/** Answers whatever was thrown: typed errors as they are, a bug with nothing of it. */
export function onError(log: Log): ErrorHandler {
  return (thrown, c) => {
    const error = asApiError(thrown);
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

function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof HTTPException) {
    if (thrown.status === 400) return new ApiError('INVALID_JSON');
    if (thrown.status === 413) return new ApiError('BODY_TOO_LARGE');
    if (thrown.status === 415) return new ApiError('UNSUPPORTED_MEDIA_TYPE');
  }
  if (isQueueTrouble(thrown)) {
    return new ApiError('QUEUE_UNREACHABLE', { cause: thrown, retryAfter: QUEUE_RETRY_SECONDS });
  }
  return new ApiError('INTERNAL', { cause: thrown });
}

const TROUBLE_NAMES: readonly unknown[] = [
  'MaxRetriesPerRequestError',
  'ReplyError',
  'AbortError',
  'LockError',
];
const TROUBLE_MESSAGES =
  /^(Connection is closed|Command timed out|Stream isn't writeable|The lock .* can't be had|connect |read |write )/;

/** Whether an error says that Redis is not there, is starting, is full, or answers too late. */
function isQueueTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isNetwork =
    typeof code === 'string' && /^(ECONN|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENOTFOUND)/.test(code);
  return isNetwork || TROUBLE_NAMES.includes(error.name) || TROUBLE_MESSAGES.test(error.message);
}
