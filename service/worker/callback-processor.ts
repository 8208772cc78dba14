import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import type { Redis } from 'ioredis';
import { readFailure } from '../queue/failure.ts';
import type { BakeData, BakeRequest, BakeResult, CallbackData, Outcome } from '../queue/job.ts';
import { readStopRequest } from '../queue/stop-requests.ts';
import type { Store } from '../queue/store.ts';
import type { ActiveJobs } from './active-jobs.ts';

/** A callback to be sent; `callbackId` is the webhook-id, the same for every attempt and replay. */
export interface CallbackJob {
  readonly callbackId: string;
  readonly jobId: string;
  readonly request: BakeRequest;
  readonly outcome: Outcome;
  /** 1 for the first, and again for the first after it was sent again on request. */
  readonly attempt: number;
  /** When the bake ended, in milliseconds since 1970. */
  readonly finishedAt: number;
}

/** What became of an attempt; without `retryInMs` the callback is given up. `lastError` is shown to anybody. */
export type DeliveryAnswer =
  | 'delivered'
  | { readonly lastError: string; readonly retryInMs?: number | undefined };

export interface CallbackProcessorOptions {
  readonly deliver: (callback: CallbackJob, signal: AbortSignal) => Promise<DeliveryAnswer>;
  readonly running: ActiveJobs;
  readonly store: Store;
  /** Waits for a lost Redis. */
  readonly redis: Redis;
  readonly onError: (error: Error) => void;
}

type CallbackOfJob = Job<CallbackData, string>;

/** What a worker does with a job in the queue of callbacks. */
export function callbackProcessor({ deliver, running, store, redis, onError }: CallbackProcessorOptions) {
  /** The bake that the callback tells of, unless it is not to tell of it any more. */
  const bakeOf = async (job: CallbackOfJob): Promise<Job<BakeData, BakeResult> | undefined> => {
    const bake = await store.bakes.getJob(job.data.jobId);
    const purged = (await readStopRequest(redis, store.prefix, job.id!)) === 'purge';
    return bake?.data.callbackId === job.id && !purged ? bake : undefined;
  };

  const attemptOne = async (job: CallbackOfJob, token: string, signal: AbortSignal): Promise<string> => {
    const { jobId, request, delivery, tried } = job.data;
    // Noted by a worker that was lost before it could tell the queue.
    if (delivery.delivered) return 'delivered';
    const bake = await bakeOf(job);
    if (bake === undefined) return 'outdated';
    const outcome = (await bake.isFailed())
      ? { failure: readFailure(bake.failedReason) }
      : { result: bake.returnvalue };
    const note = (delivered: boolean, lastError?: string) =>
      job.updateData({
        ...job.data,
        delivery: { delivered, attempts: delivery.attempts + 1, lastError },
        tried: tried + 1,
      });
    const callback = {
      ...{ callbackId: job.id!, jobId, request, outcome, attempt: tried + 1 },
      finishedAt: bake.finishedOn ?? job.timestamp,
    };
    const answer = await deliver(callback, signal).catch(async (error: Error) => {
      signal.throwIfAborted();
      onError(error);
      await note(false, 'The callback could not be made.');
      throw error;
    });
    if (answer === 'delivered') {
      await note(true);
      return answer;
    }
    if ((await bakeOf(job)) === undefined) return 'outdated'; // purged meanwhile: not to be tried again
    await note(false, answer.lastError);
    if (answer.retryInMs === undefined) throw new UnrecoverableError('given up');
    await job.moveToDelayed(Date.now() + answer.retryInMs, token); // spends none of BullMQ's attempts
    throw new DelayedError();
  };
  return (job: CallbackOfJob, token = ''): Promise<string> =>
    running.run(job, token, job.id!, (signal) => attemptOne(job, token, signal));
}
