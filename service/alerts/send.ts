/** Sends one alert to the operator's receiver. */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { describeFault } from '../callback/post.ts';
import { parseRetryAfter } from '../callback/schedule.ts';
import { waitAtMost } from '../lib/deadline.ts';
import { guardedConnector, isPublicAddress, unbracketed } from '../source/address-guard.ts';
import { type AlertTarget, alertBody } from './message.ts';
import type { AlertMessage, Sent } from './state.ts';

export interface SendOptions {
  readonly target: AlertTarget;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the receiver must begin its answer. */
  readonly timeoutMs?: number;
  /** Called when the receiver's address is not public. The operator named it, so it is used all the same. */
  readonly onPrivateAddress?: () => void;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_ANSWER_MS = 1000;
/** A receiver can not ask for a longer wait. */
const MAX_WAIT_MS = 3_600_000;

/** Makes one attempt. Follows no redirect. The error names neither the URL nor a part of it. Throws the signal's reason when aborted. */
export async function sendAlert(message: AlertMessage, options: SendOptions): Promise<Sent> {
  const { target, publicUrl, signal, timeoutMs = TIMEOUT_MS, onPrivateAddress = () => {} } = options;
  signal?.throwIfAborted();
  const { url, receiver } = target;
  const literal = unbracketed(url.hostname);
  if (isIP(literal) && !isPublicAddress(literal)) onPrivateAddress();
  const lookup = noticing(onPrivateAddress);
  const connect = guardedConnector(() => true, { connectMs: timeoutMs, lookup });
  const dispatcher = new Agent({ connect, allowH2: false });
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'Oven' },
      body: JSON.stringify(alertBody(message, receiver, publicUrl)),
      dispatcher,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const text = await readText(answer.body);
    return toSent(answer.statusCode, answer.headers['retry-after'], text);
  } catch (error) {
    signal?.throwIfAborted();
    return { error: describeFault(error, timeout.aborted, timeoutMs), retryInMs: 0 };
  } finally {
    await dispatcher.destroy();
  }
}

/** 2xx sends the alert. 408, 429 and 5xx lead to another attempt. Any other answer stays the same however often it is asked for. */
function toSent(status: number, header: string | string[] | undefined, text: string): Sent {
  if (status >= 200 && status < 300) return 'sent';
  const error = `The receiver answered ${status}.`;
  if (status < 500 && status !== 408 && status !== 429) return { error };
  const retryInMs = Math.max(parseRetryAfter(header?.toString(), Date.now()), retryAfterOf(text));
  return { error, retryInMs: Math.min(retryInMs, MAX_WAIT_MS) };
}

/** Milliseconds of Discord's `retry_after`, which is in seconds, with fractions that its header lacks. */
function retryAfterOf(text: string): number {
  try {
    const seconds: unknown = JSON.parse(text)?.retry_after;
    return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : 0;
  } catch {
    return 0;
  }
}

/** The start of an answer; what comes late or is too long is not read. */
async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  const read = async () => {
    let bytes = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) break;
    }
  };
  await waitAtMost(
    MAX_ANSWER_MS,
    read().catch(() => {}),
    () => {},
  );
  return Buffer.concat(chunks).toString('utf8');
}

function noticing(onPrivateAddress: () => void): LookupFunction {
  return (hostname, options, callback) => {
    (systemLookup as LookupFunction)(hostname, options, (error, found, family) => {
      const all = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      if (!error && all.some((address) => !isPublicAddress(address))) onPrivateAddress();
      callback(error, found as string, family);
    });
  };
}
