/** Reports, counts and the history of jobs. */
import type { Job, JobType } from 'bullmq';
import type { BakeResult, Delivery, Stage, StageProgress } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { CANCELLED, readFailure } from './failure.ts';
import type { BakeData, CallbackData } from './job.ts';
import { readStopRequest, type StopRequest } from './stop-requests.ts';
import type { Store } from './store.ts';

export type TapeStatus = 'queued' | Stage | 'done' | 'failed';

/** The public facts about a job. */
export interface TapeReport {
  readonly jobId: string;
  readonly slug: string;
  /** Only on a private tape. */
  readonly private?: true;
  readonly status: TapeStatus;
  readonly stage: Stage | null;
  /** 0 to 1. */
  readonly progress: number;
  /** Milliseconds since 1970. */
  readonly timings: { readonly queuedAt: number; readonly startedAt?: number; readonly finishedAt?: number };
  readonly result?: BakeResult;
  readonly error?: { readonly code: string; readonly message: string };
  readonly callback: Delivery;
}

export type BakeJob = Job<BakeData, BakeResult>;
export type CallbackJob = Job<CallbackData, string>;

/** A job and its state at one moment. */
export interface FoundJob {
  readonly job: BakeJob;
  readonly state: string;
  readonly isFinished: boolean;
  readonly stopRequest: StopRequest | undefined;
}

/** Finds a job and its state; undefined if there is none. */
export async function findJob(store: Store, jobId: string): Promise<FoundJob | undefined> {
  // The state first: a job that is finished has its result or its reason when it is read after that.
  const state = await store.bakes.getJobState(jobId);
  const job = await store.bakes.getJob(jobId);
  if (job === undefined || state === 'unknown') return undefined;
  const isFinished = state === 'completed' || state === 'failed';
  const stopRequest = isFinished
    ? undefined
    : await readStopRequest(store.redis, store.prefix, job.data.callbackId);
  return { job, state, isFinished, stopRequest };
}

/** The newest request of a bake: its callback has what later requests said. */
export async function newestRequest(store: Store, { request, callbackId }: BakeData): Promise<BakeRequest> {
  return (await store.callbacks.getJob(callbackId))?.data.request ?? request;
}

/** The report on a job; undefined if there is none. */
export async function readReport(store: Store, jobId: string): Promise<TapeReport | undefined> {
  const found = await findJob(store, jobId);
  return found && toReport(found, await store.callbacks.getJob(found.job.data.callbackId));
}

/** The report on a job that was read, with its callback. Pure. */
export function toReport(found: FoundJob, callback: CallbackJob | undefined): TapeReport {
  const { job, isFinished } = found;
  return {
    jobId: job.id!,
    slug: job.data.request.slug,
    ...(job.data.request.private && { private: true }),
    ...toStatus(found),
    timings: {
      queuedAt: job.timestamp,
      ...(job.processedOn && { startedAt: job.processedOn }),
      ...(isFinished && job.finishedOn && { finishedAt: job.finishedOn }),
    },
    callback: deliveryOf(callback),
  };
}

/** Status, stage and progress of a job, and its result or error. */
export function toStatus({ job, state, stopRequest }: FoundJob) {
  if (state === 'completed')
    return { status: 'done', stage: null, progress: 1, result: job.returnvalue } as const;
  if (state === 'failed') return failed(job, readFailure(job.failedReason));
  if (stopRequest !== undefined) return failed(job, CANCELLED);
  if (state !== 'active') return { status: 'queued', stage: null, progress: 0 } as const;
  const { stage, progress } = stageOf(job) ?? ({ stage: 'downloading', progress: 0 } as const);
  return { status: stage, stage, progress };
}

function failed(job: BakeJob, { code, message }: { code: string; message: string }) {
  const last = stageOf(job);
  return {
    status: 'failed' as const,
    stage: last?.stage ?? null,
    progress: last?.progress ?? 0,
    error: { code, message },
  };
}

function deliveryOf(callback: CallbackJob | undefined): Delivery {
  const { delivery } = callback?.data ?? { delivery: { delivered: false, attempts: 0 } };
  // A callback that was given up keeps the reason and the time; one that waits for its next attempt has no time.
  const givenUp = callback?.finishedOn !== undefined && callback.failedReason !== undefined;
  return givenUp && !delivery.delivered ? { ...delivery, givenUp } : delivery;
}

function stageOf({ progress }: BakeJob): StageProgress | undefined {
  return typeof progress === 'object' && 'stage' in progress ? (progress as StageProgress) : undefined;
}

/** Numbers of jobs, by state. */
export interface Counts {
  readonly waiting: number;
  readonly active: number;
  readonly retrying: number;
  readonly done: number;
  readonly failed: number;
  readonly callbacks: {
    /** Not tried yet: also those whose receiver has as many at once as one may have. */
    readonly waiting: number;
    readonly active: number;
    /** Wait after an attempt that failed. */
    readonly retrying: number;
    readonly failed: number;
  };
  /** How long the oldest waiting tape has waited; 0 if none waits. */
  readonly oldestWaitingSeconds: number;
}

/** Numbers of jobs that ended in some time. */
export interface FinishedCounts {
  readonly done: number;
  readonly failed: number;
  readonly callbacksDelivered: number;
  readonly callbacksGivenUp: number;
}

/** Counts the delayed callbacks that were tried: their processor keeps the number of attempts in `progress`, which is short to read. */
const COUNT_TRIED = `
local tried = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if (tonumber(redis.call('HGET', ARGV[1] .. id, 'progress')) or 0) > 0 then tried = tried + 1 end
end
return tried
`;

export async function countJobs(store: Store): Promise<Counts> {
  const { redis, bakes, callbacks } = store;
  const [bake, callback, tried, waiting] = await Promise.all([
    bakes.getJobCounts(),
    callbacks.getJobCounts(),
    redis.eval(COUNT_TRIED, 1, callbacks.toKey('delayed'), callbacks.toKey('')) as Promise<number>,
    bakes.getRanges([...STATES.waiting], 0, -1), // no more than MAX_QUEUED
  ]);
  const untried = Math.max(0, (callback.delayed ?? 0) - tried); // counted at different moments
  const oldest = Math.min(...(await readTimestamps(store, waiting)).values());
  return {
    waiting: (bake.waiting ?? 0) + (bake.prioritized ?? 0),
    active: bake.active ?? 0,
    retrying: bake.delayed ?? 0,
    done: bake.completed ?? 0,
    failed: bake.failed ?? 0,
    callbacks: {
      waiting: (callback.waiting ?? 0) + untried,
      active: callback.active ?? 0,
      retrying: tried,
      failed: callback.failed ?? 0,
    },
    oldestWaitingSeconds: Number.isFinite(oldest) ? Math.max(0, (Date.now() - oldest) / 1000) : 0,
  };
}

/** Counts the jobs that ended in the last `seconds`, in the same time for a history of any length. */
export async function countFinished(
  { redis, bakes, callbacks }: Store,
  seconds: number,
): Promise<FinishedCounts> {
  const since = Date.now() - seconds * 1000;
  // BullMQ keeps finished jobs sorted by their end.
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

/** The states of a job as the dashboard shows them. */
export type Group = 'waiting' | 'active' | 'done' | 'failed';

const STATES = {
  active: ['active'],
  waiting: ['waiting', 'prioritized', 'delayed'],
  done: ['completed'],
  failed: ['failed'],
} as const satisfies Record<Group, readonly JobType[]>;
const ALL: readonly Group[] = ['active', 'waiting', 'done', 'failed'];

/** The newest `n` jobs of some groups, newest first. Only these are read whole: a request may have 64 KiB. */
export async function listRecent(
  store: Store,
  n: number,
  groups: readonly Group[] = ALL,
): Promise<TapeReport[]> {
  if (n <= 0) return [];
  const states = groups.flatMap((group) => STATES[group]);
  const times = await readTimestamps(store, await store.bakes.getRanges(states, 0, n - 1));
  const newest = [...times].sort(([, a], [, b]) => b - a).slice(0, n);
  const reports = await Promise.all(newest.map(([jobId]) => readReport(store, jobId)));
  return reports.filter((one) => one !== undefined);
}

/** When each bake was added to the queue, in milliseconds since 1970; bakes that are gone are left out. */
async function readTimestamps(
  { redis, bakes }: Store,
  jobIds: readonly string[],
): Promise<Map<string, number>> {
  const times = await Promise.all(jobIds.map((jobId) => redis.hget(bakes.toKey(jobId), 'timestamp')));
  const pairs = jobIds.map((jobId, n) => [jobId, Number(times[n] ?? Number.NaN)] as const);
  return new Map(pairs.filter(([, time]) => !Number.isNaN(time)));
}
