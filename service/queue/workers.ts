import {
  DelayedError,
  type Job,
  type Processor,
  UnrecoverableError,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { connect, type RedisAddress } from './connection.ts';
import { asJobError, CANCELLED, failureOf, readFailure } from './failure.ts';
import type { BakeData, BakeRequest, BakeResult, CallbackData, Outcome, StageProgress } from './job.ts';
import { readMark, watchMarks } from './marks.ts';
import { latestOnly } from './progress.ts';
import { keepRunning, type Running } from './running.ts';
import { BAKES, CALLBACKS, closeStore, openStore } from './store.ts';

/** A callback to be sent; `callbackId` is the webhook-id, the same for every attempt and replay. */
export interface CallbackJob {
  readonly callbackId: string;
  readonly jobId: string;
  readonly request: BakeRequest;
  readonly outcome: Outcome;
  /** 1 for the first. */
  readonly attempt: number;
  /** When the bake ended, in milliseconds since 1970. */
  readonly finishedAt: number;
}

/** What became of a callback: sent, to be tried again after so many milliseconds, or given up. */
export type DeliveryAnswer =
  | 'delivered'
  | 'gone'
  | { readonly retryInMs: number; readonly lastError?: string | undefined };

export interface BakeContext {
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
}

export interface WorkersOptions {
  readonly redis: RedisAddress;
  readonly concurrency: number;
  readonly bake: (request: BakeRequest, context: BakeContext) => Promise<BakeResult>;
  readonly deliver: (callback: CallbackJob, signal: AbortSignal) => Promise<DeliveryAnswer>;
  readonly deliveries?: number;
  /** How often a bake may lose its worker before it fails as WORKER_LOST. */
  readonly maxStalled?: number;
  /** After how long a bake without a sign of life from its worker counts as lost. */
  readonly lockMs?: number;
  readonly stalledCheckMs?: number;
  /** How long an aborted bake may take to end before it is left behind. */
  readonly graceMs?: number;
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
}

export interface Workers {
  /** Takes nothing new; what runs goes on. */
  pause(): Promise<void>;
  /** Pauses, gives what runs so many seconds, then aborts it and hands it back without spending an attempt. */
  drainTo(seconds: number): Promise<void>;
  /** Drains (5 seconds unless told), then closes every connection. */
  close(seconds?: number): Promise<void>;
}

/** Starts baking and delivering; resolves when Redis is reached and cancellations are heard. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { redis, concurrency, prefix = 'oven', graceMs = 2000, onError = () => {} } = options;
  const store = openStore(redis, prefix, onError);
  const connection = connect(redis, 'forever', onError);
  const subscriber = connect(redis, 'forever', onError);
  const baking = keepRunning(graceMs);
  const sending = keepRunning(graceMs);
  const heed = async (callbackId: string) => {
    if (await readMark(connection, prefix, callbackId)) baking.cancel(callbackId);
  };
  const heedAll = () => {
    for (const callbackId of baking.keys()) heed(callbackId).catch(onError);
  };
  await watchMarks(subscriber, prefix, (callbackId) => baking.cancel(callbackId), heedAll);

  const bakeOne = async (job: Job<BakeData, BakeResult>, token = ''): Promise<BakeResult> => {
    const { request, callbackId } = job.data;
    return baking.run(job, token, callbackId, async (signal, stoppedFor) => {
      await heed(callbackId);
      const progress = latestOnly((value: StageProgress) => job.updateProgress({ ...value }), onError);
      try {
        signal.throwIfAborted();
        return await options.bake(request, { jobId: job.id!, signal, onProgress: progress.tell });
      } catch (error) {
        if (stoppedFor() === 'cancel') throw asJobError(CANCELLED, { retry: false });
        if (stoppedFor() === undefined && failureOf(error).code === 'INTERNAL') onError(error as Error);
        throw asJobError(failureOf(error));
      } finally {
        await progress.settle();
      }
    });
  };

  const deliverOne = async (job: Job<CallbackData, string>, token = ''): Promise<string> => {
    const { jobId, request, delivery } = job.data;
    return sending.run(job, token, job.id!, async (signal) => {
      const bake = await store.bakes.getJob(jobId);
      const purged = (await readMark(connection, prefix, job.id!)) === 'purge';
      if (bake === undefined || bake.data.callbackId !== job.id || purged) return 'outdated';
      const outcome: Outcome = (await bake.isFailed())
        ? { failure: readFailure(bake.failedReason) }
        : { result: bake.returnvalue };
      const attempt = delivery.attempts + 1;
      const finishedAt = bake.finishedOn ?? job.timestamp;
      const note = (delivered: boolean, lastError?: string) =>
        job.updateData({ ...job.data, delivery: { delivered, attempts: attempt, lastError } });
      const answer = await options
        .deliver({ callbackId: job.id!, jobId, request, outcome, attempt, finishedAt }, signal)
        .catch(async (error: unknown) => {
          if (!signal.aborted) await note(false, 'The callback could not be made.');
          throw error;
        });
      if (answer === 'delivered') await note(true);
      else if (answer === 'gone') await note(false, delivery.lastError ?? 'The callback was given up.');
      else {
        await note(false, answer.lastError);
        await job.moveToDelayed(Date.now() + answer.retryInMs, token);
        throw new DelayedError();
      }
      if (answer === 'gone') throw new UnrecoverableError('given up');
      return answer;
    });
  };

  const shared: WorkerOptions = {
    connection,
    prefix,
    maxStalledCount: options.maxStalled ?? 5,
    lockDuration: options.lockMs ?? 30_000,
    stalledInterval: options.stalledCheckMs ?? 30_000,
  };
  const start = <D, R>(name: string, work: Processor<D, R>, running: Running, count: number) => {
    const worker = new Worker<D, R>(name, work, { ...shared, concurrency: count });
    worker.on('error', onError);
    return { worker, running };
  };
  const parts = [
    start(BAKES, bakeOne, baking, concurrency),
    start(CALLBACKS, deliverOne, sending, options.deliveries ?? 8),
  ];
  await Promise.all(parts.map(({ worker }) => worker.waitUntilReady()));

  const pause = async () => {
    for (const { running } of parts) running.refuse();
    await Promise.all(parts.map(({ worker }) => worker.pause(true)));
  };
  const drainTo = async (seconds: number) => {
    await pause();
    await Promise.all(
      parts.map(async ({ running }) => {
        if (await running.idle(seconds * 1000)) return;
        running.handBack();
        await running.idle(2 * graceMs);
      }),
    );
  };
  return {
    pause,
    drainTo,
    close: async (seconds = 5) => {
      await drainTo(seconds);
      await Promise.allSettled(parts.map(({ worker }) => worker.close()));
      await closeStore(store);
      for (const client of [connection, subscriber]) client.disconnect();
    },
  };
}
