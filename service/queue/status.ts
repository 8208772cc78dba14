import type { Job } from 'bullmq';
import { CANCELLED, readFailure } from './failure.ts';
import type { BakeData, BakeResult, CallbackData, Delivery, Stage, StageProgress } from './job.ts';
import { type Mark, readMark } from './marks.ts';
import type { Store } from './store.ts';

export type TapeStatus = 'queued' | Stage | 'done' | 'failed';

/** What anybody may know about a job. */
export interface TapeReport {
  readonly jobId: string;
  readonly slug: string;
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
type CallbackJob = Job<CallbackData, string>;

/** A job as it was found. */
export interface Seen {
  readonly job: BakeJob;
  readonly state: string;
  readonly isFinished: boolean;
  readonly mark: Mark | undefined;
}

/** Looks at a job; undefined when there is none. */
export async function look(store: Store, jobId: string): Promise<Seen | undefined> {
  // The state first: of one that was finished then, the job read afterwards has the result or the reason.
  const state = await store.bakes.getJobState(jobId);
  const job = await store.bakes.getJob(jobId);
  if (job === undefined || state === 'unknown') return undefined;
  const isFinished = state === 'completed' || state === 'failed';
  const mark = isFinished ? undefined : await readMark(store.redis, store.prefix, job.data.callbackId);
  return { job, state, isFinished, mark };
}

/** What is known about a job; undefined when there is none. */
export async function report(store: Store, jobId: string): Promise<TapeReport | undefined> {
  const seen = await look(store, jobId);
  if (seen === undefined) return undefined;
  const { job, isFinished } = seen;
  const callback = await store.callbacks.getJob(job.data.callbackId);
  return {
    jobId,
    slug: job.data.request.slug,
    ...progressOf(seen),
    timings: {
      queuedAt: job.timestamp,
      ...(job.processedOn && { startedAt: job.processedOn }),
      ...(isFinished && job.finishedOn && { finishedAt: job.finishedOn }),
    },
    callback: deliveryOf(callback),
  };
}

/** What the status of a job is called. */
export function progressOf({ job, state, mark }: Seen) {
  if (state === 'completed')
    return { status: 'done', stage: null, progress: 1, result: job.returnvalue } as const;
  if (state === 'failed') return failed(job, readFailure(job.failedReason));
  if (mark !== undefined) return failed(job, CANCELLED);
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
  // A job that failed for good keeps the reason and the time; one that is to be tried again has no time.
  const givenUp = callback?.finishedOn !== undefined && callback.failedReason !== undefined;
  return givenUp && !delivery.delivered ? { ...delivery, givenUp } : delivery;
}

function stageOf({ progress }: BakeJob): StageProgress | undefined {
  return typeof progress === 'object' && 'stage' in progress ? (progress as StageProgress) : undefined;
}
