/** Starts the two BullMQ workers of this process, one for bakes and one for callbacks, and stops them. */
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { AlertEvent } from '../alerts/state.ts';
import { watchClock } from '../lib/clock.ts';
import { waitAtMost } from '../lib/deadline.ts';
import { withRetries } from '../lib/retry.ts';
import { finishRequeues } from '../queue/add.ts';
import { hastenDelayed, shortenLocks } from '../queue/clock.ts';
import { readFailure } from '../queue/failure.ts';
import type { HistoryLimits } from '../queue/history.ts';
import type { BakeData, CallbackData } from '../queue/job.ts';
import { catchUp, indexEndedJob } from '../queue/job-index.ts';
import { withSlugLock } from '../queue/lock.ts';
import { removePurgedCallback } from '../queue/purge.ts';
import { readStopRequest, subscribeToStops } from '../queue/stop-requests.ts';
import {
  BAKES,
  CALLBACKS,
  closeStore,
  connect,
  isRedisError,
  openStore,
  PREFIX,
  type RedisAddress,
} from '../queue/store.ts';
import { openTrimmer } from '../queue/trim.ts';
import { checkVersion, claimVersion, QueueNewerError } from '../queue/version.ts';
import type { BakeResult, Failure } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { trackJobs } from './active-jobs.ts';
import { type BakeAttempt, bakeProcessor } from './bake-processor.ts';
import { type Callback, callbackProcessor, type DeliveryAnswer } from './callback-processor.ts';
import type { WorkerEvents } from './events.ts';
import type { DescribeFailure } from './failure-details.ts';
import { reportFailures } from './failures.ts';
import { FAULT_WAITS, type FaultWaits, openFaultPause } from './fault-pause.ts';

export interface WorkersOptions {
  readonly redis: RedisAddress;
  readonly prefix?: string;
  /** The host's name, which jobs keep. */
  readonly name?: string;
  /** Bakes at once. */
  readonly concurrency: number;
  /** Whether other hosts work on the queue. */
  readonly sharesQueue?: boolean;
  /** What is wrong with this host at the moment. */
  readonly hostFault?: () => Promise<Failure | undefined>;
  /** Begins without taking jobs, until `rest(false)`. */
  readonly rests?: boolean;
  /** Callbacks at once. */
  readonly deliveries?: number;
  /** Fails with an OvenError; any other error is a bug, and is not retried. */
  readonly bake: (request: BakeRequest, attempt: BakeAttempt) => Promise<BakeResult>;
  readonly deliver: (callback: Callback, signal: AbortSignal) => Promise<DeliveryAnswer>;
  /** How often a bake may lose its worker before it fails with WORKER_LOST. */
  readonly maxStalled?: number;
  /** A job counts as lost after so many milliseconds without a sign of life from its worker. */
  readonly lockMs?: number;
  readonly stalledCheckMs?: number;
  /** How long an aborted bake may take to end before its worker no longer waits for it. */
  readonly graceMs?: number;
  /** Tries the failed step of a bake without a tape, for a fault that is not the tape's. Throws while the fault lasts. */
  readonly probe?: (failure: Failure, signal: AbortSignal) => Promise<void>;
  readonly faultWaits?: FaultWaits;
  /** What is kept of finished tapes; everything by default. */
  readonly history?: HistoryLimits;
  /** Called when bakes begin to wait for a fault, and without one when they go on. */
  readonly onFault?: (failure: Failure | undefined) => void;
  /** Called for each tape that fails for good, and for each callback that is given up. */
  readonly onFinalFailure?: (event: AlertEvent) => void;
  /** Called when the clock was set back by so many milliseconds. */
  readonly onSetBack?: (ms: number) => void;
  readonly events?: WorkerEvents;
  /** Makes what the queue keeps of a failed attempt for the operator. */
  readonly describeFailure?: DescribeFailure;
  readonly onError?: (error: Error) => void;
}

export interface Workers {
  /** The fault for which tapes wait; undefined while bakes run. */
  fault(): Failure | undefined;
  /** Jobs that run now. */
  active(): { readonly bakes: number; readonly callbacks: number };
  /** Takes no jobs, or takes them again; active jobs go on. */
  rest(rests: boolean): void;
  /** Takes no new jobs for good; active jobs go on. */
  pause(): Promise<void>;
  /** Pauses, gives active jobs so many seconds, then aborts them and hands them back without spending an attempt. */
  stopWithin(seconds: number): Promise<void>;
  /** Drains (5 seconds by default), then closes every connection, within seconds even if Redis is gone. */
  close(seconds?: number): Promise<void>;
}

/** A tape can crash its worker, a callback can not. So a callback may lose its worker any number of times. */
const MAX_STALLED_CALLBACKS = 1000;
const EVERYTHING: HistoryLimits = {
  seconds: Number.MAX_SAFE_INTEGER,
  tapes: Number.MAX_SAFE_INTEGER,
  bytes: Number.MAX_SAFE_INTEGER,
};
const WRITE_RETRY_MS = 5000;
/** How long the queue may take to close. */
const CLOSE_MS = 3000;

/** Starts the workers; resolves when Redis is reached and stop requests arrive. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const { redis, prefix = PREFIX, graceMs = 2000, deliveries = 8, onError = () => {} } = options;
  const store = openStore(redis, prefix, onError);
  const connection = connect(redis, 'forever', onError);
  const subscriber = connect(redis, 'forever', onError);
  let rests = options.rests ?? false;
  const { lockMs = 15_000, stalledCheckMs = 5000 } = options;
  const activeBakes = trackJobs({ graceMs, lockMs, onError });
  const activeCallbacks = trackJobs({ graceMs, lockMs, onError });

  const checkStopRequest = async (callbackId: string) => {
    const isStopped = (await readStopRequest(connection, prefix, callbackId)) !== undefined;
    if (isStopped) activeBakes.cancel(callbackId);
    return isStopped;
  };
  const checkAll = () => {
    for (const callbackId of activeBakes.callbackIds()) checkStopRequest(callbackId).catch(onError);
  };
  const faultPause = openFaultPause({
    probe: options.probe ?? (async () => {}),
    pause: () => bakes.pause(true),
    resume: () => {
      if (!rests) bakes.resume();
    },
    promote: async (jobIds) => {
      // A job that has run meanwhile, or that was cancelled, is not there to be promoted.
      for (const jobId of jobIds) await (await store.bakes.getJob(jobId))?.promote().catch(() => {});
    },
    onChange: options.onFault ?? (() => {}),
    onError,
    waits: options.faultWaits ?? FAULT_WAITS,
  });
  const onStop = (callbackId: string) => {
    activeBakes.cancel(callbackId);
    if (faultPause.current()) faultPause.endJob(() => hasEnded(callbackId));
  };
  /** Whether no cancelled bake of this callback waits. A purge removes its bakes itself. */
  const hasEnded = async (callbackId: string) =>
    (await readStopRequest(connection, prefix, callbackId)) !== 'cancel' ||
    (await store.callbacks.getJobState(callbackId)) !== 'waiting-children';
  await subscribeToStops(subscriber, prefix, onStop, checkAll);
  await ready(store.redis); // its commands do not wait as those of the other connections do
  await checkVersion(store.redis, prefix).catch(async (error: Error) => {
    if (!(error instanceof QueueNewerError)) return onError(error);
    await closeStore(store);
    for (const client of [connection, subscriber]) client.disconnect();
    throw error;
  });
  await finishRequeues(store);

  const processBake = bakeProcessor({
    bake: options.bake,
    activeJobs: activeBakes,
    withSlugLock: (fileName, work, signal) => withSlugLock(connection, prefix, fileName, work, signal),
    checkStopRequest,
    faultPause,
    nodeName: options.sharesQueue ? options.name : undefined,
    hostFault: options.hostFault,
    events: options.events,
    describeFailure: options.describeFailure,
    onError,
  });
  const processCallback = callbackProcessor({
    deliver: options.deliver,
    activeJobs: activeCallbacks,
    perReceiver: Math.ceil(deliveries / 2),
    store,
    redis: connection,
    events: options.events,
    onError,
  });

  const common = {
    connection,
    prefix,
    ...(options.name !== undefined && { name: options.name }),
    autorun: !rests,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    runRetryDelay: 1000, // a result that Redis could not take just now is written soon
  };
  const bakeStalls = { ...common, maxStalledCount: options.maxStalled ?? 5 };
  const callbacks = new Worker<CallbackData, string>(CALLBACKS, processCallback, {
    ...common,
    concurrency: deliveries,
    maxStalledCount: MAX_STALLED_CALLBACKS,
  });
  const bakes = new Worker<BakeData, BakeResult>(BAKES, processBake, {
    ...bakeStalls,
    concurrency: options.concurrency,
    skipStalledCheck: true,
  });
  // A paused worker does not look for stalled jobs, and a fault may last a day: this one takes no jobs, and looks all the time.
  const stallCheck = new Worker<BakeData, BakeResult>(BAKES, null, bakeStalls);
  stallCheck.on('error', onError).on('stalled', (jobId) => options.events?.stalled(BAKES, jobId));
  await stallCheck.startStalledCheckTimer();
  bakes.on('error', onError).on('lockRenewalFailed', activeBakes.lose);
  callbacks.on('error', onError).on('lockRenewalFailed', activeCallbacks.lose);
  callbacks.on('stalled', (jobId) => options.events?.stalled(CALLBACKS, jobId));
  reportFailures(bakes, callbacks, options.onFinalFailure ?? (() => {}));
  const indexEnded = (job: Job<BakeData, BakeResult> | undefined) => {
    if (job) indexEndedJob(store, job.id!).catch(onError);
  };
  bakes.on('completed', indexEnded).on('failed', indexEnded);
  bakes.on('failed', (job, { message }) => {
    // The processor did not run for the last time: BullMQ itself ends a job that lost its worker too often.
    const failure = readFailure(message);
    if (!job || failure.code !== 'WORKER_LOST') return;
    const { id, data, attemptsMade } = job; // counts the attempt that ended
    options.events?.bakeFailed({ id, data, attemptsMade: attemptsMade - 1 }, failure, undefined, undefined);
  });
  const trimmer = openTrimmer(store, options.history ?? EVERYTHING);
  const leaveHistory = async (job: Job<CallbackData, string>) => {
    await removePurgedCallback(store, job);
    if (job.finishedOn !== undefined) await trimmer.ended(job.id!);
  };
  const callbackEnded = (job: Job<CallbackData, string> | undefined) => {
    if (job) leaveHistory(job).catch(onError);
  };
  callbacks.on('completed', callbackEnded).on('failed', callbackEnded);
  await Promise.all([bakes.waitUntilReady(), callbacks.waitUntilReady()]);
  const closing = new AbortController();
  // A Redis that takes no writes just now is no reason to end, or to leave it undone.
  const onceRedisTakes = (write: () => Promise<unknown>) => {
    const how = { attempts: Number.POSITIVE_INFINITY, delays: [WRITE_RETRY_MS], signal: closing.signal };
    withRetries(write, { ...how, isRetryable: isRedisError }).catch(
      (error: Error) => closing.signal.aborted || onError(error),
    );
  };
  onceRedisTakes(() => claimVersion(store.redis, prefix));
  onceRedisTakes(() => hastenDelayed(connection, prefix, 0));
  const clock = watchClock((back) => {
    options.onSetBack?.(back);
    onceRedisTakes(() => hastenDelayed(connection, prefix, back));
  });
  const shortening = setInterval(() => {
    shortenLocks(connection, prefix, { lockMs, stalledCheckMs }).catch(onError);
  }, lockMs).unref();
  catchUp(store, closing.signal)
    .then(() => trimmer.catchUp(closing.signal))
    .catch((error: Error) => closing.signal.aborted || onError(error));

  let isPaused = false;
  const rest = (value: boolean) => {
    if (isPaused || value === rests) return;
    rests = value;
    // A worker that waits for the next job gets one more although it is paused.
    activeBakes.refuse(rests);
    activeCallbacks.refuse(rests);
    if (rests) {
      for (const worker of [bakes, callbacks]) worker.pause(true).catch(onError);
      return;
    }
    if (faultPause.current() === undefined) bakes.resume();
    callbacks.resume();
  };
  const pause = async () => {
    isPaused = true;
    faultPause.close(); // it would resume
    activeBakes.refuse(true);
    activeCallbacks.refuse(true);
    await Promise.all([bakes.pause(true), callbacks.pause(true)]);
  };
  const stopWithin = async (seconds: number) => {
    await pause();
    await Promise.all(
      [activeBakes, activeCallbacks].map(async (active) => {
        if (await active.idle(seconds * 1000)) return;
        active.handBack();
        await active.idle(2 * graceMs);
      }),
    );
  };
  return {
    fault: () => faultPause.current()?.failure,
    active: () => ({ bakes: activeBakes.count(), callbacks: activeCallbacks.count() }),
    rest,
    pause,
    stopWithin,
    close: async (seconds = 5) => {
      closing.abort();
      clock.stop();
      clearInterval(shortening);
      await stopWithin(seconds);
      await waitAtMost(
        CLOSE_MS,
        Promise.allSettled([stallCheck.close(), bakes.close(), callbacks.close()]),
        () => {},
      );
      await waitAtMost(CLOSE_MS, closeStore(store), () => {});
      for (const client of [connection, subscriber]) client.disconnect();
    },
  };
}

/** Resolves when a connection is ready, however often it fails before. */
function ready(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => redis.once('ready', () => resolve()));
}
