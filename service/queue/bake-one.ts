import { DelayedError, type Job } from 'bullmq';
import { asJobError, failureOf, isMachineFault } from './failure.ts';
import {
  type BakeData,
  type BakeRequest,
  type BakeResult,
  type Failure,
  fileNameOf,
  type StageProgress,
} from './job.ts';
import { latestOnly } from './progress.ts';
import type { Running } from './running.ts';

export interface BakeContext {
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
  /** Does what no two bakes whose files have one name may do at once, on any host; waits until it may, or throws the signal's reason. */
  readonly alone: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

export interface BakeOneOptions {
  readonly bake: (request: BakeRequest, context: BakeContext) => Promise<BakeResult>;
  readonly running: Running;
  readonly alone: <T>(fileName: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** Stops the run of this callback if a mark says so. */
  readonly heed: (callbackId: string) => Promise<void>;
  /** What the machine lacks for baking; undefined when it baked. */
  readonly onMachine: (fault: Failure | undefined) => void;
  readonly onError: (error: Error) => void;
  /** Until a bake is tried again that the machine could not do. */
  readonly machineWaitMs: number;
}

const PROGRESS_MS = 250;

/** What a worker does with a job in the queue of bakes. */
export function bakeOne(options: BakeOneOptions) {
  const { bake, running, alone, heed, onMachine, onError, machineWaitMs } = options;

  const attempt = async (job: Job<BakeData, BakeResult>, token: string, signal: AbortSignal) => {
    const { request, callbackId } = job.data;
    await heed(callbackId);
    const write = (value: StageProgress) => job.updateProgress({ ...value });
    const progress = latestOnly(write, onError, PROGRESS_MS);
    try {
      signal.throwIfAborted();
      const result = await bake(request, {
        ...{ jobId: job.id!, signal, onProgress: progress.tell },
        alone: (work, until) => alone(fileNameOf(request), work, until),
      });
      onMachine(undefined);
      return result;
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error);
      if (isMachineFault(failure)) {
        onMachine(failure);
        await job.moveToDelayed(Date.now() + machineWaitMs, token); // spends no attempt
        throw new DelayedError();
      }
      if (failure.code === 'INTERNAL') onError(error as Error);
      throw asJobError(failure);
    } finally {
      await progress.settle();
    }
  };
  return (job: Job<BakeData, BakeResult>, token = ''): Promise<BakeResult> =>
    running.run(job, token, job.data.callbackId, (signal) => attempt(job, token, signal));
}
