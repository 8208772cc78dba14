import type { JobType } from 'bullmq';
import type { RedisAddress } from './connection.ts';
import { readFailure } from './failure.ts';
import type { BakeRequest } from './job.ts';
import { locked } from './lock.ts';
import { leaveMark } from './marks.ts';
import { type Purged, purge } from './purge.ts';
import { report, type TapeReport } from './status.ts';
import { closeStore, keys, openStore } from './store.ts';
import {
  addTape,
  forget,
  isFull,
  type Limits,
  type SubmitOptions,
  type Submitted,
  sendAgain,
  submit,
} from './submit.ts';

export interface QueueOptions {
  readonly redis: RedisAddress;
  readonly maxQueued: number;
  /** How long finished jobs are kept. */
  readonly historySeconds?: number;
  /** How often a bake that fails for a passing reason is tried. */
  readonly attempts?: number;
  /** Before the second attempt; doubled before each later one. */
  readonly backoffMs?: number;
  /** How long a purge waits for running bakes to stop. */
  readonly purgeWaitMs?: number;
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
}

export interface Counts {
  readonly waiting: number;
  readonly active: number;
  readonly retrying: number;
  readonly done: number;
  readonly failed: number;
  readonly callbacks: {
    readonly waiting: number;
    readonly active: number;
    readonly retrying: number;
    readonly failed: number;
  };
  /** How long the first tape in the queue has waited; 0 when none does. */
  readonly oldestWaitingSeconds: number;
}

export type Queue = ReturnType<typeof openQueue>;

/** What a job is doing, as somebody who looks on would say. */
export type Group = 'waiting' | 'active' | 'done' | 'failed';

const STATES = {
  waiting: ['waiting', 'prioritized', 'delayed'],
  active: ['active'],
  done: ['completed'],
  failed: ['failed'],
} as const satisfies Record<Group, readonly JobType[]>;
const ALL_GROUPS: readonly Group[] = ['active', 'waiting', 'done', 'failed'];

const DAY_SECONDS = 86_400;

/** Opens the queue for those who put tapes in and ask about them; its methods throw when Redis can't be reached. */
export function openQueue(options: QueueOptions) {
  const limits: Limits = {
    maxQueued: options.maxQueued,
    historySeconds: options.historySeconds ?? 30 * DAY_SECONDS,
    attempts: options.attempts ?? 4,
    backoffMs: options.backoffMs ?? 5000,
  };
  const store = openStore(options.redis, options.prefix ?? 'oven', options.onError ?? (() => {}));
  const { bakes, callbacks } = store;
  const alone = <T>(jobId: string, work: () => Promise<T>) =>
    locked(store.redis, keys.lock(store.prefix, jobId.split('-')[0] ?? jobId), work);
  const status = async (jobId: string): Promise<TapeReport | undefined> => {
    const job = await bakes.getJob(jobId);
    return job && report(store, job);
  };

  return {
    submit: (request: BakeRequest, how?: SubmitOptions): Promise<Submitted> =>
      submit(store, limits, request, how),

    /** What is known about a job; undefined when it isn't in the history. */
    status,

    /** Stops a bake, wherever it runs, or takes it out of the queue; its callback tells of the failure. */
    cancel: (jobId: string): Promise<'cancelled' | 'finished' | 'absent'> =>
      alone(jobId, async () => {
        const job = await bakes.getJob(jobId);
        if (job === undefined) return 'absent';
        if (await isFinished(job)) return 'finished';
        await leaveMark(store.redis, store.prefix, job.data.callbackId, 'cancel', limits.historySeconds);
        // To the front, so that the next free worker ends it. It may have been taken just now: then it has the mark.
        await job.promote().catch(() => {});
        await job.changePriority({ priority: 0, lifo: true }).catch(() => {});
        return 'cancelled';
      }),

    /** A new attempt of a failed bake, whatever it failed for. */
    retry: (jobId: string): Promise<'retrying' | 'unfinished' | 'done' | 'full' | 'absent'> =>
      alone(jobId, async () => {
        const job = await bakes.getJob(jobId);
        if (job === undefined) return 'absent';
        if (!(await isFinished(job))) return 'unfinished';
        if (await job.isCompleted()) return 'done';
        if (await isFull(store, limits)) return 'full';
        await forget(store, jobId);
        await addTape(store, limits, jobId, job.data.request, job.opts.priority);
        return 'retrying';
      }),

    /** Sends the callback of a finished bake again, under the same id. */
    replayCallback: (jobId: string): Promise<'sent' | 'unfinished' | 'absent'> =>
      alone(jobId, async () => {
        const job = await bakes.getJob(jobId);
        if (job === undefined) return 'absent';
        if (!(await isFinished(job))) return 'unfinished';
        const request = (await callbacks.getJob(job.data.callbackId))?.data.request ?? job.data.request;
        await sendAgain(store, limits, jobId, job.data.callbackId, request);
        return 'sent';
      }),

    /** Removes all there is about a slug: history, queued and running work, callbacks. */
    purge: (slug: string): Promise<Purged> =>
      purge(store, slug, limits.historySeconds, options.purgeWaitMs ?? 10_000),

    counts: async (): Promise<Counts> => {
      const [bake, callback, first] = await Promise.all([
        bakes.getJobCounts(),
        callbacks.getJobCounts(),
        bakes.getJobs(['waiting', 'prioritized'], 0, 0, true),
      ]);
      const since = Math.min(...first.map(({ timestamp }) => timestamp));
      return {
        waiting: (bake.waiting ?? 0) + (bake.prioritized ?? 0),
        active: bake.active ?? 0,
        retrying: bake.delayed ?? 0,
        done: bake.completed ?? 0,
        failed: bake.failed ?? 0,
        callbacks: {
          waiting: callback.waiting ?? 0,
          active: callback.active ?? 0,
          retrying: callback.delayed ?? 0,
          failed: callback.failed ?? 0,
        },
        oldestWaitingSeconds: first.length === 0 ? 0 : Math.max(0, (Date.now() - since) / 1000),
      };
    },

    /** The newest `n` jobs, newest first; of the groups given, or of all. */
    recent: async (n: number, groups: readonly Group[] = ALL_GROUPS): Promise<TapeReport[]> => {
      const states = groups.flatMap((group) => STATES[group]);
      const jobs = await bakes.getJobs(states, 0, n - 1);
      const newest = jobs.sort((a, b) => b.timestamp - a.timestamp).slice(0, n);
      const reports = await Promise.all(newest.map((job) => report(store, job)));
      return reports.filter((one) => one !== undefined);
    },

    /** The failure of a job that failed, with whether it may pass. */
    failure: async (jobId: string) => {
      const job = await bakes.getJob(jobId);
      return job && (await job.isFailed()) ? readFailure(job.failedReason) : undefined;
    },

    ping: async (): Promise<void> => void (await store.redis.ping()),

    close: (): Promise<void> => closeStore(store),
  };
}

async function isFinished(job: { getState(): Promise<string> }): Promise<boolean> {
  return ['completed', 'failed'].includes(await job.getState());
}
