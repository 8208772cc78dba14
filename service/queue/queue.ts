import { identityLock, type Policy, requeue, resendCallback } from './add.ts';
import { admission } from './capacity.ts';
import { readFailure } from './failure.ts';
import type { BakeRequest, Failure } from './job.ts';
import { withLock } from './lock.ts';
import { type Purged, purge } from './purge.ts';
import type { RedisAddress } from './redis.ts';
import {
  type Counts,
  countFinished,
  countJobs,
  type FinishedCounts,
  findJob,
  type Group,
  listRecent,
  readReport,
  type TapeReport,
} from './status.ts';
import { requestStop } from './stop-requests.ts';
import { closeStore, openStore, type Store } from './store.ts';
import { type SubmitOptions, type Submitted, submit } from './submit.ts';

export type { Counts, FinishedCounts as Ended, Group } from './status.ts';

export interface QueueOptions extends Partial<Policy> {
  readonly redis: RedisAddress;
  /** How many bakes may wait. */
  readonly maxQueued: number;
  /** How long a purge waits for running bakes to stop. */
  readonly purgeWaitMs?: number;
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
}

export type Queue = ReturnType<typeof openQueue>;

const DAY_SECONDS = 86_400;

/** Opens the queue for those who put tapes in and ask about them; its methods throw when Redis can't be reached. */
export function openQueue(options: QueueOptions) {
  const { historySeconds = 30 * DAY_SECONDS, attempts = 4, backoffMs = 5000 } = options;
  const policy: Policy = { historySeconds, attempts, backoffMs };
  const store = openStore(options.redis, options.prefix ?? 'oven', options.onError ?? (() => {}));
  const waiting = () => store.bakes.getJobCountByTypes('waiting', 'prioritized', 'delayed');
  const desk = { store, policy, admission: admission(options.maxQueued, waiting) };
  const withIdentityLock = <T>(jobId: string, work: () => Promise<T>) =>
    withLock(store.redis, identityLock(store, jobId), work);

  return {
    submit: (request: BakeRequest, how?: SubmitOptions): Promise<Submitted> => submit(desk, request, how),

    /** What is known about a job; undefined when it isn't in the history. */
    status: (jobId: string): Promise<TapeReport | undefined> => readReport(store, jobId),

    /** Stops a bake, wherever it runs, or takes it out of the queue; its callback tells of the failure. */
    cancel: (jobId: string): Promise<'cancelled' | 'finished' | 'absent'> =>
      withIdentityLock(jobId, () => cancel(store, jobId, historySeconds)),

    /** A new attempt of a failed bake, whatever it failed for. */
    retry: (jobId: string): Promise<'retrying' | 'unfinished' | 'done' | 'full' | 'absent'> =>
      withIdentityLock(jobId, async () => {
        const seen = await findJob(store, jobId);
        if (seen === undefined) return 'absent';
        if (!seen.isFinished) return 'unfinished';
        if (seen.state === 'completed') return 'done';
        const { data, opts } = seen.job;
        const { request, callbackId: oldCallbackId } = data;
        const pending = { policy, jobId, request, priority: opts.priority ?? 0, oldCallbackId };
        const added = await desk.admission.admit(async () => {
          await requeue(store, pending);
          return 'retrying' as const;
        });
        return added ?? 'full';
      }),

    /** Sends the callback of a finished bake again, under the same id. */
    replayCallback: (jobId: string): Promise<'sent' | 'unfinished' | 'absent'> =>
      withIdentityLock(jobId, async () => {
        const seen = await findJob(store, jobId);
        if (seen === undefined) return 'absent';
        if (!seen.isFinished) return 'unfinished';
        const { callbackId, request } = seen.job.data;
        const callback = await store.callbacks.getJob(callbackId);
        await resendCallback(store, policy, jobId, callbackId, callback?.data.request ?? request);
        return 'sent';
      }),

    /**
     * Removes all there is about a slug or a name of files: history, queued and running work, callbacks; of one tape only, where
     * `mongoId` says which.
     */
    purge: (name: string, mongoId?: string): Promise<Purged> =>
      purge(store, name, {
        mongoId,
        stopRequestSeconds: historySeconds,
        waitMs: options.purgeWaitMs ?? 10_000,
      }),

    counts: (): Promise<Counts> => countJobs(store),

    /** What ended in the last `seconds`. */
    ended: (seconds: number): Promise<FinishedCounts> => countFinished(store, seconds),

    /** The newest `n` jobs, newest first; of the groups given, or of all. */
    recent: (n: number, groups?: readonly Group[]): Promise<TapeReport[]> => listRecent(store, n, groups),

    /** The failure of a job that failed, with whether it may pass. */
    failure: async (jobId: string): Promise<Failure | undefined> => {
      const seen = await findJob(store, jobId);
      return seen?.state === 'failed' ? readFailure(seen.job.failedReason) : undefined;
    },

    ping: async (): Promise<void> => void (await store.redis.ping()),

    close: (): Promise<void> => closeStore(store),
  };
}

/** Stops a bake, wherever it runs, or has the next free worker end it; its callback tells of the failure. */
export async function cancel(
  store: Store,
  jobId: string,
  stopRequestSeconds: number,
): Promise<'cancelled' | 'finished' | 'absent'> {
  const seen = await findJob(store, jobId);
  if (seen === undefined) return 'absent';
  if (seen.isFinished) return 'finished';
  const { job, state } = seen;
  await requestStop(store.redis, store.prefix, job.data.callbackId, 'cancel', stopRequestSeconds);
  // To the front of the queue. It may have been taken just now: then these fail, and its worker has heard of the mark.
  if (state === 'delayed') await job.promote().catch(() => {});
  if (state !== 'active') await job.changePriority({ priority: 0, lifo: true }).catch(() => {});
  return 'cancelled';
}
