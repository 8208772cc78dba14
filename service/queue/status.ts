import type { Job } from 'bullmq';
import { CANCELLED, readFailure } from './failure.ts';
import type { BakeData, BakeResult, CallbackData, Delivery, Stage, StageProgress } from './job.ts';
import { readMark } from './marks.ts';
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

type BakeJob = Job<BakeData, BakeResult>;
type CallbackJob = Job<CallbackData, string>;

/** The report of a job that was read; undefined when it vanished meanwhile. */
export async function report(store: Store, job: BakeJob): Promise<TapeReport | undefined> {
  const [state, callback, mark] = await Promise.all([
    job.getState(),
    store.callbacks.getJob(job.data.callbackId),
    readMark(store.redis, store.prefix, job.data.callbackId),
  ]);
  if (state === 'unknown') return undefined;
  const finished = state === 'completed' || state === 'failed';
  return {
    jobId: job.id!,
    slug: job.data.request.slug,
    ...(mark !== undefined && !finished ? failed(job, CANCELLED) : progressOf(job, state)),
    timings: {
      queuedAt: job.timestamp,
      ...(job.processedOn && { startedAt: job.processedOn }),
      ...(finished && job.finishedOn && { finishedAt: job.finishedOn }),
    },
    callback: deliveryOf(callback),
  };
}

function progressOf(job: BakeJob, state: string) {
  if (state === 'completed')
    return { status: 'done', stage: null, progress: 1, result: job.returnvalue } as const;
  if (state === 'failed') return failed(job, readFailure(job.failedReason));
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

function stageOf(job: BakeJob): StageProgress | undefined {
  const { progress } = job;
  return typeof progress === 'object' && 'stage' in progress ? (progress as StageProgress) : undefined;
}
