/** The processor of bake jobs: runs one attempt, and reports its end to BullMQ. */
import { DelayedError, type Job } from 'bullmq';
import { latestOnly } from '../lib/latest-only.ts';
import { isHostFault, toFailure, toJobError } from '../queue/failure.ts';
import { type BakeData, fileNameOf } from '../queue/job.ts';
import type { BakeResult, Failure, StageProgress } from '../schemas/outcome.ts';
import type { BakeRequest } from '../schemas/request.ts';
import type { ActiveJobs } from './active-jobs.ts';

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
  /** Stops the active job of this callback if there is a stop request for it. */
  readonly checkStopRequest: (callbackId: string) => Promise<void>;
  /** Called after each bake that succeeds (with undefined) or fails with a host fault. */
  readonly onHostFault: (fault: Failure | undefined) => void;
  /** How long a bake waits after a host fault. */
  readonly hostFaultWaitMs: number;
  readonly onError: (error: Error) => void;
}

const PROGRESS_MS = 250;

/** Makes the function that BullMQ calls with each bake job. */
export function bakeProcessor(options: BakeProcessorOptions) {
  const { bake, activeJobs, withSlugLock, checkStopRequest, onHostFault, hostFaultWaitMs, onError } = options;

  const runAttempt = async (job: Job<BakeData, BakeResult>, token: string, signal: AbortSignal) => {
    const { request, callbackId } = job.data;
    await checkStopRequest(callbackId);
    const write = (value: StageProgress) => job.updateProgress({ ...value });
    const progress = latestOnly({ write, onError, everyMs: PROGRESS_MS });
    try {
      signal.throwIfAborted();
      const result = await bake(request, {
        jobId: job.id!,
        signal,
        onProgress: progress.set,
        withSlugLock: (work, until) => withSlugLock(fileNameOf(request), work, until),
      });
      onHostFault(undefined);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      const failure = toFailure(error);
      if (isHostFault(failure)) {
        onHostFault(failure);
        await job.moveToDelayed(Date.now() + hostFaultWaitMs, token); // spends no attempt
        throw new DelayedError();
      }
      if (failure.code === 'INTERNAL') onError(error as Error);
      throw toJobError(failure);
    } finally {
      await progress.flush();
    }
  };
  return (job: Job<BakeData, BakeResult>, token = ''): Promise<BakeResult> =>
    activeJobs.run(job, token, job.data.callbackId, (signal) => runAttempt(job, token, signal));
}
