import type { JobType } from 'bullmq';
import { report, type TapeReport } from './status.ts';
import type { Store } from './store.ts';

/** How much there is of what. */
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
  /** How long the tape that has waited longest has; 0 when none waits. */
  readonly oldestWaitingSeconds: number;
}

/** What ended within the last while. */
export interface Ended {
  readonly done: number;
  /** Bakes that failed, for whatever reason. */
  readonly failed: number;
  readonly callbacksDelivered: number;
  readonly callbacksGivenUp: number;
}

export async function count(store: Store): Promise<Counts> {
  const { bakes, callbacks } = store;
  const [bake, callback, waiting] = await Promise.all([
    bakes.getJobCounts(),
    callbacks.getJobCounts(),
    bakes.getRanges(['waiting', 'prioritized'], 0, -1), // no more than MAX_QUEUED
  ]);
  const oldest = Math.min(...(await addedAt(store, waiting)).values());
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
    oldestWaitingSeconds: Number.isFinite(oldest) ? Math.max(0, (Date.now() - oldest) / 1000) : 0,
  };
}

/** Counts what ended in the last `seconds`, however long the history is. */
export async function ended({ redis, bakes, callbacks }: Store, seconds: number): Promise<Ended> {
  const since = Date.now() - seconds * 1000;
  // BullMQ keeps finished jobs sorted by when they finished.
  const [done, failed, callbacksDelivered, callbacksGivenUp] = await Promise.all(
    [bakes, callbacks].flatMap((queue) =>
      ['completed', 'failed'].map((state) => redis.zcount(queue.toKey(state), since, '+inf')),
    ),
  );
  return {
    done: done ?? 0,
    failed: failed ?? 0,
    callbacksDelivered: callbacksDelivered ?? 0,
    callbacksGivenUp: callbacksGivenUp ?? 0,
  };
}

/** What a job is doing, as somebody who looks on would say. */
export type Group = 'waiting' | 'active' | 'done' | 'failed';

const STATES = {
  ...{ active: ['active'], waiting: ['waiting', 'prioritized', 'delayed'] },
  ...{ done: ['completed'], failed: ['failed'] },
} as const satisfies Record<Group, readonly JobType[]>;
const ALL: readonly Group[] = ['active', 'waiting', 'done', 'failed'];

/** The newest `n` jobs of some groups, newest first. Only those are read whole: a request may weigh 64 KiB. */
export async function recent(store: Store, n: number, groups: readonly Group[] = ALL): Promise<TapeReport[]> {
  if (n <= 0) return [];
  const states = groups.flatMap((group) => STATES[group]);
  const times = await addedAt(store, await store.bakes.getRanges(states, 0, n - 1));
  const newest = [...times].sort(([, a], [, b]) => b - a).slice(0, n);
  const reports = await Promise.all(newest.map(([jobId]) => report(store, jobId)));
  return reports.filter((one) => one !== undefined);
}

/** When each of these bakes was put in the queue, in milliseconds since 1970; those that vanished are left out. */
async function addedAt({ redis, bakes }: Store, jobIds: readonly string[]): Promise<Map<string, number>> {
  const times = await Promise.all(jobIds.map((jobId) => redis.hget(bakes.toKey(jobId), 'timestamp')));
  const pairs = jobIds.map((jobId, n) => [jobId, Number(times[n] ?? Number.NaN)] as const);
  return new Map(pairs.filter(([, time]) => !Number.isNaN(time)));
}
