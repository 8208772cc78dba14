import { DelayedError, type Job } from 'bullmq';
import { latestOnly } from '../lib/latest-only.ts';
import { isHostFault, toFailure, toJobError } from '../queue/failure.ts';
import {
  type BakeData,
  type BakeRequest,
  type BakeResult,
  type Failure,
  fileNameOf,
  type StageProgress,
} from '../queue/job.ts';
import type { ActiveJobs } from './active-jobs.ts';

export interface BakeContext {
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
  /** Does what no two bakes whose files have one name may do at once, on any host; waits until it may, or throws the signal's reason. */
  readonly withSlugLock: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

export interface BakeProcessorOptions {
  readonly bake: (request: BakeRequest, context: BakeContext) => Promise<BakeResult>;
  readonly running: ActiveJobs;
  readonly withSlugLock: <T>(fileName: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** Stops the run of this callback if a mark says so. */
  readonly checkCancelled: (callbackId: string) => Promise<void>;
  /** What the machine lacks for baking; undefined when it baked. */
  readonly onHostFault: (fault: Failure | undefined) => void;
  readonly onError: (error: Error) => void;
  /** Until a bake is tried again that the machine could not do. */
  readonly hostFaultWaitMs: number;
}

const PROGRESS_MS = 250;

/** What a worker does with a job in the queue of bakes. */
export function bakeProcessor(options: BakeProcessorOptions) {
  const { bake, running, withSlugLock, checkCancelled, onHostFault, onError, hostFaultWaitMs } = options;

  const attempt = async (job: Job<BakeData, BakeResult>, token: string, signal: AbortSignal) => {
    const { request, callbackId } = job.data;
    await checkCancelled(callbackId);
    const write = (value: StageProgress) => job.updateProgress({ ...value });
    const progress = latestOnly({ write, onError, everyMs: PROGRESS_MS });
    try {
      signal.throwIfAborted();
      const result = await bake(request, {
        ...{ jobId: job.id!, signal, onProgress: progress.set },
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
    running.run(job, token, job.data.callbackId, (signal) => attempt(job, token, signal));
}
