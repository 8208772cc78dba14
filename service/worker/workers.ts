import { type Job, type Processor, Worker, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { waitAtMost } from '../lib/deadline.ts';
import { finishRequeues } from '../queue/add.ts';
import type { BakeRequest, BakeResult, CallbackData, Failure } from '../queue/job.ts';
import { withLock } from '../queue/lock.ts';
import { removePurgedCallback } from '../queue/purge.ts';
import { connect, type RedisAddress } from '../queue/redis.ts';
import { readStopRequest, subscribeToStops } from '../queue/stop-requests.ts';
import { BAKES, CALLBACKS, closeStore, keys, openStore } from '../queue/store.ts';
import { type ActiveJobs, trackJobs } from './active-jobs.ts';
import { type BakeContext, bakeProcessor } from './bake-processor.ts';
import { type CallbackJob, callbackProcessor, type DeliveryAnswer } from './callback-processor.ts';

export type { CallbackJob, DeliveryAnswer } from './callback-processor.ts';

export interface WorkersOptions {
  readonly redis: RedisAddress;
  readonly concurrency: number;
  /** Fails with an error that has code, message and `retryable`; any other counts as a bug, and as final. */
  readonly bake: (request: BakeRequest, context: BakeContext) => Promise<BakeResult>;
  readonly deliver: (callback: CallbackJob, signal: AbortSignal) => Promise<DeliveryAnswer>;
  readonly deliveries?: number;
  /** How often a bake may lose its worker before it fails as WORKER_LOST. */
  readonly maxStalled?: number;
  /** After how long a job without a sign of life from its worker counts as lost. */
  readonly lockMs?: number;
  readonly stalledCheckMs?: number;
  /** How long an aborted bake may take to end before it is left behind. */
  readonly graceMs?: number;
  /** Until a bake is tried again that the machine could not do: ffmpeg is missing, or TEMP_DIR. */
  readonly hostFaultWaitMs?: number;
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
}

export interface Workers {
  /** What the machine lacks for baking (a reason to be unhealthy: tapes wait for it); undefined once it has baked again. */
  hostFault(): Failure | undefined;
  /** Takes nothing new; what runs goes on. */
  pause(): Promise<void>;
  /** Pauses, gives what runs so many seconds, then aborts it and hands it back without spending an attempt. */
  drainTo(seconds: number): Promise<void>;
  /** Drains (5 seconds unless told), then closes every connection, within seconds even when Redis is gone. */
  close(seconds?: number): Promise<void>;
}

/** A callback can't take its worker down as a tape might, so that it may be there when any number of workers are lost. */
const MAX_STALLED_CALLBACKS = 1000;
/** How long the queue is waited for at the end. */
const CLOSE_MS = 3000;

/** Starts baking and delivering; resolves when Redis is reached and cancellations are heard. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { redis, concurrency, prefix = 'oven', graceMs = 2000, onError = () => {} } = options;
  const store = openStore(redis, prefix, onError);
  const connection = connect(redis, 'forever', onError);
  const subscriber = connect(redis, 'forever', onError);
  const baking = trackJobs(graceMs);
  const sending = trackJobs(graceMs);
  let hostFault: Failure | undefined;
  const checkCancelled = async (callbackId: string) => {
    if (await readStopRequest(connection, prefix, callbackId)) baking.cancel(callbackId);
  };
  const checkAllCancelled = () => {
    for (const callbackId of baking.keys()) checkCancelled(callbackId).catch(onError);
  };
  await subscribeToStops(subscriber, prefix, (callbackId) => baking.cancel(callbackId), checkAllCancelled);
  await ready(store.redis); // its commands do not wait as those of the others do
  await finishRequeues(store);

  const start = <D, R>(
    name: string,
    work: Processor<D, R>,
    running: ActiveJobs,
    count: number,
    maxStalledCount: number,
  ) => {
    const shared: WorkerOptions = {
      ...{ connection, prefix, concurrency: count, maxStalledCount },
      lockDuration: options.lockMs ?? 15_000,
      stalledInterval: options.stalledCheckMs ?? 5000,
      runRetryDelay: 1000, // a result that Redis could not take just now is not to grow old
    };
    const worker = new Worker<D, R>(name, work, shared);
    worker.on('error', onError);
    worker.on('lockRenewalFailed', running.lose);
    return { worker, running };
  };
  const bake = bakeProcessor({
    ...{ bake: options.bake, running: baking, checkCancelled, onError },
    withSlugLock: (fileName, work, signal) =>
      withLock(connection, keys.lock(prefix, `slug-${fileName}`), work, Number.POSITIVE_INFINITY, signal),
    hostFaultWaitMs: options.hostFaultWaitMs ?? 30_000,
    onHostFault: (fault) => {
      hostFault = fault;
    },
  });
  const deliver = callbackProcessor({
    deliver: options.deliver,
    running: sending,
    store,
    redis: connection,
    onError,
  });
  const callbacks = start(CALLBACKS, deliver, sending, options.deliveries ?? 8, MAX_STALLED_CALLBACKS);
  const removePurged = (job: Job<CallbackData, string> | undefined) => {
    if (job) removePurgedCallback(store, job).catch(onError);
  };
  callbacks.worker.on('completed', removePurged).on('failed', removePurged);
  const parts = [start(BAKES, bake, baking, concurrency, options.maxStalled ?? 5), callbacks];
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
    hostFault: () => hostFault,
    pause,
    drainTo,
    close: async (seconds = 5) => {
      await drainTo(seconds);
      const closing = parts.map(({ worker }) => worker.close());
      await waitAtMost(CLOSE_MS, Promise.allSettled(closing), () => {});
      await waitAtMost(CLOSE_MS, closeStore(store), () => {});
      for (const client of [connection, subscriber]) client.disconnect();
    },
  };
}

/** Resolves when a connection can be used, however often it fails before. */
function ready(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => redis.once('ready', () => resolve()));
}
