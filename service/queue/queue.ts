/** The queue for its callers: the HTTP routes, the dashboard and the health checks. Workers are in `service/worker/`. */

import { singleFlight } from '../lib/single-flight.ts';
import type { Failure } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { type JobPolicy, requeue, resendCallback } from './add.ts';
import { openCapacity } from './capacity.ts';
import { MAX_ATTEMPTS, readFailure } from './failure.ts';
import { type HostReport, listHosts, removeHost, writeHost } from './hosts.ts';
import {
  type JobDetails,
  type JobFilter,
  type JobPage,
  listJobs,
  type Position,
  readDetails,
} from './list.ts';
import { withIdentityLock } from './lock.ts';
import { type Purged, purge } from './purge.ts';
import {
  type Counts,
  countFinished,
  countJobs,
  type FinishedCounts,
  findJob,
  type Group,
  listRecent,
  newestRequest,
  readReport,
  type TapeReport,
} from './status.ts';
import { moveToFront, requestStop } from './stop-requests.ts';
import { closeStore, keys, openStore, PREFIX, type RedisAddress, type Store } from './store.ts';
import { type SubmitOptions, type Submitted, submit } from './submit.ts';

export type { Counts, FinishedCounts as Ended, Group } from './status.ts';

export interface QueueOptions extends Partial<JobPolicy> {
  readonly redis: RedisAddress;
  /** How many bakes may wait. */
  readonly maxQueued: number;
  /** How long a purge waits for active bakes to stop. */
  readonly purgeWaitMs?: number;
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
}

export type Queue = ReturnType<typeof openQueue>;

/** A destroy that was stopped does not leave the hosts drained for ever. */
const DRAIN_SECONDS = 3600;
/** Finished jobs are kept for thirty days. */
export const HISTORY_SECONDS = 30 * 86_400;

/** Opens the queue; its methods throw when Redis can't be reached. */
export function openQueue(options: QueueOptions) {
  const { historySeconds = HISTORY_SECONDS, attempts = MAX_ATTEMPTS.transient, backoffMs = 5000 } = options;
  const policy: JobPolicy = { historySeconds, attempts, backoffMs };
  const store = openStore(options.redis, options.prefix ?? PREFIX, options.onError ?? (() => {}));
  const capacity = openCapacity(store, options.maxQueued);
  const submitting = singleFlight<Submitted>();

  return {
    /** Equal requests that come at the same time share one look at Redis: only the first one counts as having created the job. */
    submit: async (request: BakeRequest, how: SubmitOptions = {}): Promise<Submitted> => {
      const key = JSON.stringify([{ ...request, traceparent: undefined }, how]);
      const { value, shared } = await submitting(key, () => submit(store, policy, capacity, request, how));
      if (!shared || !value.created) return value;
      return { ...value, created: false, outcome: how.rebake ? 'conflict' : 'already' };
    },

    /** The report on a job; undefined if it is not in the history. */
    status: (jobId: string): Promise<TapeReport | undefined> => readReport(store, jobId),

    /** Stops a bake, wherever it runs, or takes it out of the queue; its callback reports the failure. */
    cancel: (jobId: string): Promise<'cancelled' | 'finished' | 'absent'> =>
      withIdentityLock(store, jobId, () => cancel(store, jobId, historySeconds)),

    /** Makes a new attempt of a failed bake, whatever it failed for. */
    retry: (jobId: string): Promise<'retrying' | 'unfinished' | 'done' | 'full' | 'absent'> =>
      withIdentityLock(store, jobId, async () => {
        const found = await findJob(store, jobId);
        if (found === undefined) return 'absent';
        if (!found.isFinished) return 'unfinished';
        if (found.state === 'completed') return 'done';
        const { data, opts } = found.job;
        const { callbackId: oldCallbackId, rebakeId } = data;
        const request = await newestRequest(store, data);
        const attempt = { policy, jobId, request, priority: opts.priority ?? 0, rebakeId, oldCallbackId };
        const added = await capacity.admit(jobId, async () => {
          await requeue(store, attempt);
          return 'retrying' as const;
        });
        return added ?? 'full';
      }),

    /** Bakes the request of a job again, as a new job. With `publish` its receiver is told otherwise than before. */
    rebake: async (
      jobId: string,
      { publish, ...how }: SubmitOptions & { readonly publish?: boolean | undefined },
    ): Promise<Submitted | undefined> => {
      const found = await findJob(store, jobId);
      if (found === undefined) return undefined;
      const newest = await newestRequest(store, found.job.data);
      const request = publish === undefined ? newest : { ...newest, publish };
      return submit(store, policy, capacity, request, { rebake: true, ...how });
    },

    /** Sends the callback of a finished bake again, under the same id. */
    replayCallback: (jobId: string): Promise<'sent' | 'unfinished' | 'absent'> =>
      withIdentityLock(store, jobId, async () => {
        const found = await findJob(store, jobId);
        if (found === undefined) return 'absent';
        if (!found.isFinished) return 'unfinished';
        const request = await newestRequest(store, found.job.data);
        await resendCallback(store, policy, jobId, found.job.data.callbackId, request);
        return 'sent';
      }),

    /**
     * Removes everything of a slug or file name: history, queued and active jobs, callbacks. With `mongoId`, only what
     * belongs to that tape.
     */
    purge: (name: string, mongoId?: string): Promise<Purged> =>
      purge(store, name, {
        mongoId,
        stopRequestSeconds: historySeconds,
        waitMs: options.purgeWaitMs ?? 10_000,
      }),

    counts: (): Promise<Counts> => countJobs(store),

    /** Counts the jobs that ended in the last `seconds`. */
    ended: (seconds: number): Promise<FinishedCounts> => countFinished(store, seconds),

    /** The newest `n` jobs, newest first; of some groups, or of all. */
    recent: (n: number, groups?: readonly Group[]): Promise<TapeReport[]> => listRecent(store, n, groups),

    /** A page of the jobs that match, newest first. */
    list: (filter: JobFilter, page: { limit: number; after?: Position | undefined }): Promise<JobPage> =>
      listJobs(store, filter, page),

    /** All that is kept of a job, for the operator; undefined if it is not in the history. */
    details: (jobId: string): Promise<JobDetails | undefined> => readDetails(store, jobId),

    /** The failure of a failed job, which also says whether it is retryable. */
    failure: async (jobId: string): Promise<Failure | undefined> => {
      const found = await findJob(store, jobId);
      return found?.state === 'failed' ? readFailure(found.job.failedReason) : undefined;
    },

    /** Writes to Redis: one that is full, or read-only, still answers a PING. Throws what `redisCodeOf` names. */
    checkWrite: async (): Promise<void> => {
      const fault = store.connectionFault();
      if (fault !== undefined) throw fault;
      await store.redis.set(keys.health(store.prefix), '1', 'EX', 60);
    },

    /** The drain of all hosts, which ends an hour after the last request for it. */
    drain: {
      read: async (): Promise<boolean> => (await store.redis.exists(keys.drain(store.prefix))) === 1,
      write: async (active: boolean): Promise<void> => {
        const key = keys.drain(store.prefix);
        await (active ? store.redis.set(key, '1', 'EX', DRAIN_SECONDS) : store.redis.del(key));
      },
    },

    /** The hosts that work on this queue, by name. */
    hosts: (): Promise<HostReport[]> => listHosts(store),
    writeHost: (report: HostReport): Promise<void> => writeHost(store, report),
    removeHost: (name: string): Promise<void> => removeHost(store, name),

    close: (): Promise<void> => closeStore(store),
  };
}

/** Stops an active bake, or has the next free worker end it; its callback reports the failure. */
async function cancel(
  store: Store,
  jobId: string,
  stopRequestSeconds: number,
): Promise<'cancelled' | 'finished' | 'absent'> {
  const found = await findJob(store, jobId);
  if (found === undefined) return 'absent';
  if (found.isFinished) return 'finished';
  const { job } = found;
  await requestStop(store.redis, store.prefix, job.data.callbackId, 'cancel', stopRequestSeconds);
  // The state after the request: a worker that postpones the job looks for the request after that.
  await moveToFront(job, await store.bakes.getJobState(jobId));
  return 'cancelled';
}
