/** One attempt to deliver a callback: its body, and what the receiver's answer means. */
import type { LookupFunction } from 'node:net';
import type { CallbackBody, Outcome } from '../schemas/outcome.ts';
import { type BakeRequest, isPublished } from '../schemas/request.ts';
import type { Allowed } from '../source/allow-list.ts';
import type { Callback, DeliveryAnswer } from '../worker/callback-processor.ts';
import { type Posted, post } from './post.ts';
import { nextAttemptIn, parseRetryAfter, SCHEDULE } from './schedule.ts';
import type { Secrets } from './secrets.ts';

export interface DeliveryOptions {
  readonly secrets: Secrets;
  /** Checked at each attempt: an origin may have left the list since the tape was accepted. */
  readonly isAllowed: Allowed;
  /** Milliseconds until the receiver must begin its answer. */
  readonly timeoutMs?: number;
  /** Milliseconds between attempts. */
  readonly schedule?: readonly number[];
  /** Called after every attempt, for metrics, with its seconds and whether it delivered the callback. */
  readonly onAttempt?: (seconds: number, delivered: boolean) => void;
  readonly lookup?: LookupFunction;
  readonly random?: () => number;
}

/** Opens the delivery of callbacks. Each call makes one attempt and returns its end; it throws the signal's reason when aborted. */
export function openDelivery(options: DeliveryOptions) {
  const { secrets, isAllowed, timeoutMs = 30_000, schedule = SCHEDULE, lookup, onAttempt } = options;
  const random = options.random ?? Math.random;

  const deliver = async (callback: Callback, signal: AbortSignal): Promise<DeliveryAnswer> => {
    const { callbackId: id, request, outcome, attempt } = callback;
    const { callbackUrl: url, traceparent } = request;
    const message = { id, url, body: callbackBody(request, outcome, secrets), traceparent };
    const started = performance.now();
    const posted = await post(message, { secrets, isAllowed, timeoutMs, signal, lookup });
    const answer = toDeliveryAnswer(posted, (retryAfter) =>
      nextAttemptIn(attempt, retryAfter, { schedule, random }),
    );
    onAttempt?.((performance.now() - started) / 1000, answer === 'delivered');
    return answer;
  };
  return { deliver };
}

/** 2xx delivers the callback. 410 and an origin that is not allowed end it. Every other answer, redirects too, leads to another attempt. */
function toDeliveryAnswer(
  posted: Posted,
  next: (retryAfterMs: number) => number | undefined,
): DeliveryAnswer {
  if ('fault' in posted) {
    return { lastError: posted.fault, retryInMs: posted.refused ? undefined : next(0) };
  }
  const { status, retryAfter } = posted;
  if (status >= 200 && status < 300) return 'delivered';
  const lastError = `The receiver answered ${status}.`;
  if (status === 410) return { lastError, isDeclined: true };
  return { lastError, retryInMs: next(parseRetryAfter(retryAfter, Date.now())) };
}

/** The body of a callback. JSON leaves out `undefined` fields. */
export function callbackBody(request: BakeRequest, outcome: Outcome, secrets: Secrets): CallbackBody {
  const { mongoId, slug, code, metadata } = request;
  const secret = secretFor(request, secrets);
  const publish = isPublished(request) ? undefined : false;
  if ('failure' in outcome) {
    const { code: failureCode, message } = outcome.failure;
    const error = { code: failureCode, message };
    return { mongoId, slug, secret, code, publish, error, errorMessage: message };
  }
  const { timings, ...result } = outcome.result;
  const { mp4: mp4Url, thumbnail: thumbnailUrl } = result.outputs;
  return { mongoId, slug, mp4Url, thumbnailUrl, secret, code, publish, ...result, metadata };
}

/**
 * The secret that the caller used; the current secret if that one has left CALLBACK_SECRET. The receiver expects the current one
 * by then, since a secret is replaced on both sides, and would refuse the callback for days and lose the tape. The current secret
 * goes to no new receiver: callbacks go only to origins that the operator named.
 */
function secretFor({ secretFingerprint }: BakeRequest, secrets: Secrets): string {
  return secrets.find(secretFingerprint) ?? secrets.current;
}
