/** The processor of callback jobs: makes one attempt to deliver, and records how it ended. */
import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import type { Redis } from 'ioredis';
import { readFailure } from '../queue/failure.ts';
import type { BakeData, CallbackData } from '../queue/job.ts';
import { readStopRequest } from '../queue/stop-requests.ts';
import type { Store } from '../queue/store.ts';
import type { BakeResult, Outcome } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import type { ActiveJobs } from './active-jobs.ts';
import type { WorkerEvents } from './events.ts';

/** A callback to deliver. */
export interface Callback {
  /** The webhook-id, the same for every attempt and replay. */
  readonly callbackId: string;
  readonly jobId: string;
  readonly request: BakeRequest;
  readonly outcome: Outcome;
  /** From 1; a replay begins at 1 again. */
  readonly attempt: number;
  /** When the bake ended, in milliseconds since 1970. */
  readonly finishedAt: number;
}

/**
 * The end of an attempt. A callback without `retryInMs` is given up; `isDeclined` if its receiver wants no callback of this tape.
 * `lastError` is public.
 */
export type DeliveryAnswer =
  | 'delivered'
  | {
      readonly lastError: string;
      readonly retryInMs?: number | undefined;
      readonly isDeclined?: boolean | undefined;
    };

export interface CallbackProcessorOptions {
  readonly deliver: (callback: Callback, signal: AbortSignal) => Promise<DeliveryAnswer>;
  readonly activeJobs: ActiveJobs;
  /** Attempts at once for one receiver: fewer than the worker runs at once, so that others get their callbacks while it hangs. */
  readonly perReceiver: number;
  readonly store: Store;
  /** A connection whose commands wait for a lost Redis. */
  readonly redis: Redis;
  readonly events?: WorkerEvents | undefined;
  readonly onError: (error: Error) => void;
}

type CallbackJob = Job<CallbackData, string>;

/** How long a callback waits when its receiver has so many; some randomness keeps it from coming back with all others. */
const RECEIVER_WAIT_MS = 1000;

/** Attempts that the job remembers: more than a callback has until it is given up. */
const MAX_ATTEMPT_LOG = 12;

/** Makes the function that BullMQ calls with each callback job. */
export function callbackProcessor(options: CallbackProcessorOptions) {
  const { deliver, activeJobs, perReceiver, store, redis, events, onError } = options;

  /** The bake that the callback reports; undefined if the bake has a newer callback, or the tape was purged. */
  const findBake = async (job: CallbackJob): Promise<Job<BakeData, BakeResult> | undefined> => {
    const bake = await store.bakes.getJob(job.data.jobId);
    const isPurged = (await readStopRequest(redis, store.prefix, job.id!)) === 'purge';
    return bake?.data.callbackId === job.id && !isPurged ? bake : undefined;
  };

  const runAttempt = async (job: CallbackJob, token: string, signal: AbortSignal): Promise<string> => {
    const { jobId, request, delivery, tried, attemptLog = [] } = job.data;
    // An earlier worker recorded the delivery, and was lost before it could complete the job.
    if (delivery.delivered) return 'delivered';
    const bake = await findBake(job);
    if (bake === undefined) return 'outdated';
    const at = Date.now();
    const began = performance.now();
    const record = async (delivered: boolean, lastError?: string) => {
      const attempt = { at, ms: Math.round(performance.now() - began), error: lastError };
      const updated = job.updateData({
        ...job.data,
        delivery: { delivered, attempts: delivery.attempts + 1, lastError },
        tried: tried + 1,
        attemptLog: [...attemptLog, attempt].slice(-MAX_ATTEMPT_LOG),
      });
      await Promise.all([updated, delivered || job.updateProgress(tried + 1)]);
    };
    const callback: Callback = {
      callbackId: job.id!,
      jobId,
      request,
      outcome: (await bake.isFailed())
        ? { failure: readFailure(bake.failedReason) }
        : { result: bake.returnvalue },
      attempt: tried + 1,
      finishedAt: bake.finishedOn ?? job.timestamp,
    };
    const answer = await deliver(callback, signal).catch(async (error: Error) => {
      signal.throwIfAborted();
      onError(error);
      await record(false, 'The callback could not be made.');
      throw error;
    });
    events?.callbackAttempted(callback, performance.now() - began, answer);
    if (answer === 'delivered') {
      await record(true);
      return answer;
    }
    if ((await findBake(job)) === undefined) return 'outdated'; // purged during the attempt: no further attempt
    await record(false, answer.lastError);
    if (answer.retryInMs === undefined) throw new UnrecoverableError('given up');
    await job.moveToDelayed(Date.now() + answer.retryInMs, token); // spends none of BullMQ's attempts
    throw new DelayedError();
  };

  const attempts = new Map<string, number>();
  return async (job: CallbackJob, token = ''): Promise<string> => {
    const { origin } = new URL(job.data.request.callbackUrl);
    const count = attempts.get(origin) ?? 0;
    if (count >= perReceiver) {
      await job.moveToDelayed(Date.now() + RECEIVER_WAIT_MS * (0.5 + Math.random()), token);
      throw new DelayedError();
    }
    attempts.set(origin, count + 1);
    try {
      return await activeJobs.run(job, token, job.id!, (signal) => runAttempt(job, token, signal));
    } finally {
      const others = attempts.get(origin)! - 1;
      if (others > 0) attempts.set(origin, others);
      else attempts.delete(origin);
    }
  };
}
