/** Sends one signed message. */
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { waitAtMost } from '../lib/deadline.ts';
import { childOf } from '../lib/trace.ts';
import { guardedConnector } from '../source/address-guard.ts';
import type { Allowed } from '../source/allow-list.ts';
import { SourceError } from '../source/errors.ts';
import type { Secrets } from './secrets.ts';

export interface Message {
  /** The webhook-id, the same for every attempt, so that the receiver can drop what it has received before. */
  readonly id: string;
  readonly url: string;
  readonly body: object;
  /** The trace of the request for the tape. */
  readonly traceparent?: string | undefined;
}

export interface PostOptions {
  readonly secrets: Secrets;
  readonly isAllowed: Allowed;
  /** Milliseconds until the receiver must begin its answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Replaces the system's, in tests. */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * The end of an attempt: the receiver's answer, or a fault. `fault` is a sentence that names neither URL nor secret. `refused`
 * means that the URL is not on the list, and that nothing was sent.
 */
export type Posted =
  | { readonly status: number; readonly retryAfter: string | undefined }
  | { readonly fault: string; readonly refused: boolean };

/** So much of an answer is read before its connection is closed; its text is ignored. */
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_ANSWER_MS = 1000;
const CONNECT_MS = 10_000;

/** Sends a message with the signature of Standard Webhooks. Follows no redirect. Throws the signal's reason when aborted. */
export async function post(message: Message, options: PostOptions): Promise<Posted> {
  const { isAllowed, timeoutMs, signal, lookup } = options;
  signal.throwIfAborted();
  const url = new URL(message.url);
  const allowed = url.username === '' && url.password === '' ? isAllowed(url) : undefined;
  if (!allowed) return { fault: 'The origin of the callback is not allowed.', refused: true };
  const connectMs = Math.min(CONNECT_MS, timeoutMs);
  const connect = guardedConnector(() => allowed.trusted, { connectMs, ...(lookup && { lookup }) });
  const dispatcher = new Agent({ connect, allowH2: false });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      ...signed(message, options.secrets),
      method: 'POST',
      dispatcher,
      signal: AbortSignal.any([signal, timeout]),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    await finish(answer.body);
    const retryAfter = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      retryAfter: retryAfter === undefined ? undefined : String(retryAfter),
    };
  } catch (error) {
    signal.throwIfAborted();
    return { fault: describeFault(error, timeout.aborted, timeoutMs), refused: false };
  } finally {
    await dispatcher.destroy();
  }
}

function signed(message: Message, secrets: Secrets) {
  const body = JSON.stringify(message.body);
  const timestamp = Math.floor(Date.now() / 1000);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Oven',
      'webhook-id': message.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': secrets.sign(message.id, timestamp, body),
      ...(message.traceparent !== undefined && { traceparent: childOf(message.traceparent) }),
    },
  };
}

/** Waits only a moment for the rest of the answer: it may be long or never end, and the status is known. */
async function finish(body: Dispatcher.ResponseData['body']): Promise<void> {
  body.on('error', () => {});
  const read = body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {});
  await waitAtMost(MAX_ANSWER_MS, read, () => {});
}

/** What an attempt failed of: a sentence without the address. */
export function describeFault(error: unknown, timedOut: boolean, timeoutMs: number): string {
  if (timedOut || /TIMEOUT$/.test(codeOf(error))) return `There was no answer within ${timeoutMs / 1000} s.`;
  if (error instanceof SourceError) return 'The address of the callback is not on the public internet.';
  const code = codeOf(error);
  // Only the code of the error: its message may hold the address.
  return `The receiver can not be reached${/^[A-Z][A-Z0-9_]*$/.test(code) ? ` (${code})` : ''}.`;
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '');
}
