/** The processor of bake jobs: runs one attempt, and reports its end to BullMQ. */
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { ERRORS, type ErrorCode, isOfHost } from '../errors.ts';
import { latestOnly } from '../lib/latest-only.ts';
import { withRetries } from '../lib/retry.ts';
import { isPostponed, toFailure, toJobError } from '../queue/failure.ts';
import { type BakeData, fileNameOf } from '../queue/job.ts';
import { moveToFront } from '../queue/stop-requests.ts';
import { isRedisError } from '../queue/store.ts';
import type { BakeResult, Failure, Stage, StageProgress } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import type { ActiveJobs } from './active-jobs.ts';
import type { WorkerEvents } from './events.ts';
import type { DescribeFailure } from './failure-details.ts';
import { type FaultPause, faultWait } from './fault-pause.ts';

/** One attempt of a bake job, for the function that bakes. */
export interface BakeAttempt {
  readonly jobId: string;
  /** Aborts when the job is cancelled, handed back or lost. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
  /** Runs `work` while no other bake stores files under this slug, on any host. Throws the signal's reason when aborted. */
  readonly withSlugLock: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

export interface BakeProcessorOptions {
  readonly bake: (request: BakeRequest, attempt: BakeAttempt) => Promise<BakeResult>;
  readonly activeJobs: ActiveJobs;
  readonly withSlugLock: <T>(fileName: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** Stops the active job of this callback if there is a stop request for it; whether there is one. */
  readonly checkStopRequest: (callbackId: string) => Promise<boolean>;
  readonly faultPause: FaultPause;
  /** The name of this host, if others work on the queue as well: they bake what this one can not. */
  readonly nodeName?: string | undefined;
  /** What is wrong with this host at the moment. */
  readonly hostFault?: (() => Promise<Failure | undefined>) | undefined;
  readonly events?: WorkerEvents | undefined;
  /** Makes what the queue keeps of a failed attempt for the operator. */
  readonly describeFailure?: DescribeFailure | undefined;
  readonly onError: (error: Error) => void;
}

const PROGRESS_MS = 250;
/** The longest wait between two writes to a Redis that does not take them. */
const REDIS_RETRY_MS = 2000;

type BakeJob = Job<BakeData, BakeResult>;

/** Makes the function that BullMQ calls with each bake job. */
export function bakeProcessor(options: BakeProcessorOptions) {
  const { bake, activeJobs, withSlugLock, checkStopRequest, faultPause, events, describeFailure, onError } =
    options;
  const { nodeName, hostFault = async () => undefined } = options;

  /** A failure on a host that is out of order at that moment, and that is neither the tape's nor another's, is the host's. */
  const failureOf = async (error: unknown): Promise<Failure> => {
    const failure = toFailure(error);
    const { fault } = ERRORS[failure.code as ErrorCode];
    if (isPostponed(failure) || !['host', 'bug', 'setup'].includes(fault)) return failure;
    return (await hostFault().catch(() => undefined)) ?? failure;
  };

  /**
   * Hands the job back for a fault that is not the tape's, and throws the error by which BullMQ knows; no attempt is spent.
   * Returns if the job was postponed for too long.
   */
  const postpone = async (
    job: BakeJob,
    token: string,
    failure: Failure,
    error: unknown,
    signal: AbortSignal,
  ) => {
    faultPause.begin(failure);
    const waitingSince = Math.max(job.timestamp, faultPause.current()?.since ?? 0);
    const { since: first = waitingSince, times = 0, hosts = [] } = job.data.postponed ?? {};
    const since = Math.min(first, Date.now()); // the clock may have been set back
    if (Date.now() - since > faultPause.waits.giveUp) return;
    // Others bake it at once. A tape that is too large for all of them waits after each host has tried it; one that this host took
    // while it stopped goes back again, unless this host looks for a cancelled one behind it.
    const isKnown = nodeName !== undefined && hosts.includes(nodeName);
    const isForOthers =
      nodeName !== undefined &&
      isOfHost(failure.code) &&
      (!isKnown || (error === undefined && !faultPause.isEnding()));
    faultPause.postponed(job.id!);
    // A job that only met the pause was not tried.
    const postponed = {
      since,
      times: error === undefined ? times : times + 1,
      ...(nodeName !== undefined && { hosts: isKnown ? hosts : [...hosts, nodeName] }),
    };
    // A full Redis takes this only when it has room again.
    await whenRedisTakes(signal, onError, async () => {
      await job.updateData({ ...job.data, postponed });
      if (isForOthers) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + faultWait(faultPause.waits, times), token);
    });
    events?.bakePostponed(job, failure, error);
    if (isForOthers) throw new WaitingError();
    const isStopped = await checkStopRequest(job.data.callbackId).catch(onError);
    if (isStopped) await moveToFront(job, 'delayed');
    throw new DelayedError();
  };

  const runAttempt = async (job: BakeJob, token: string, signal: AbortSignal) => {
    const { request, callbackId } = job.data;
    await checkStopRequest(callbackId);
    const paused = faultPause.current();
    if (paused && !signal.aborted) {
      await postpone(job, token, paused.failure, undefined, signal);
      events?.bakeFailed(job, paused.failure, undefined, undefined);
      throw toJobError(paused.failure);
    }
    const write = (value: StageProgress) => job.updateProgress({ ...value });
    const progress = latestOnly({ write, onError, everyMs: PROGRESS_MS });
    let stage: Stage | undefined;
    try {
      signal.throwIfAborted();
      events?.bakeStarted(job);
      const result = await bake(request, {
        jobId: job.id!,
        signal,
        onProgress: (value) => {
          stage = value.stage;
          progress.set(value);
        },
        withSlugLock: (work, signal) => withSlugLock(fileNameOf(request), work, signal),
      });
      events?.bakeEnded(job, result);
      return result;
    } catch (error) {
      if (signal.aborted) events?.bakeStopped(job, signal.reason);
      signal.throwIfAborted();
      const failure = await failureOf(error);
      if (isPostponed(failure)) await postpone(job, token, failure, error, signal);
      events?.bakeFailed(job, failure, error, stage);
      const attempt = job.attemptsMade + 1;
      throw toJobError(failure, attempt, describeFailure?.(error, attempt, stage));
    } finally {
      await progress.flush();
    }
  };
  return (job: BakeJob, token = ''): Promise<BakeResult> =>
    activeJobs.run(job, token, job.data.callbackId, (signal) => runAttempt(job, token, signal));
}

/** Repeats a write until Redis takes it. Throws any other error, and the signal's reason when aborted. */
function whenRedisTakes(
  signal: AbortSignal,
  onError: (error: Error) => void,
  write: () => Promise<void>,
): Promise<void> {
  const attempt = () =>
    write().catch((error: Error) => {
      if (isRedisError(error)) onError(error);
      throw error;
    });
  const attempts = Number.POSITIVE_INFINITY;
  return withRetries(attempt, { attempts, delays: [REDIS_RETRY_MS], signal, isRetryable: isRedisError });
}
