import { DelayedError, type Job, WaitingError } from 'bullmq';
import { CANCELLED, toJobError } from '../queue/failure.ts';

/** Why a job is stopped; 'lost' when its lock ran out, so that it is another's now. */
export type StopReason = 'cancel' | 'hand-back' | 'lost';

interface ActiveJob {
  readonly job: Job;
  readonly key: string;
  readonly controller: AbortController;
}

/** The jobs that this process works on, and how to stop them. */
export interface ActiveJobs {
  /** Runs `work`, which is not waited for when it does not heed the signal within the grace; throws what BullMQ is to hear. */
  run<T>(job: Job, token: string, key: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  readonly keys: () => readonly string[];
  readonly cancel: (key: string) => void;
  readonly lose: (jobIds: readonly string[]) => void;
  /** From now on nothing is begun: what arrives is handed back. */
  readonly refuse: () => void;
  /** Aborts everything and hands it back to the queue; no attempt is spent. */
  readonly handBack: () => void;
  /** Resolves when nothing runs, or after `ms` milliseconds; whether nothing runs. */
  idle(ms: number): Promise<boolean>;
}

/** Until a job comes back whose earlier run in this process has only just been stopped. */
const RESTART_DELAY_MS = 1000;

/** Keeps account of running jobs; one that is stopped may take `graceMs` to end before it is left behind. */
export function trackJobs(graceMs: number): ActiveJobs {
  const runs = new Set<ActiveJob>();
  const waiting = new Set<() => void>();
  let refusing = false;
  const stop = (run: ActiveJob, reason: StopReason) => run.controller.abort(reason);
  const lose = (jobIds: readonly string[]) => {
    for (const run of runs) if (jobIds.includes(run.job.id!)) stop(run, 'lost');
  };

  return {
    async run(job, token, key, work) {
      if ([...runs].some((run) => run.job.id === job.id)) {
        // Its lock ran out, and the queue gave it to this process again. BullMQ renews locks by the job's id, so that two
        // runs of it in one process would cut off each other's: the old one ends first.
        lose([job.id!]);
        await job.moveToDelayed(Date.now() + RESTART_DELAY_MS, token);
        throw new DelayedError();
      }
      const run: ActiveJob = { job, key, controller: new AbortController() };
      runs.add(run);
      try {
        if (refusing) stop(run, 'hand-back');
        return await runUntilStopped(run, token, graceMs, work);
      } finally {
        runs.delete(run);
        if (runs.size === 0) for (const tell of waiting) tell();
      }
    },
    keys: () => [...runs].map(({ key }) => key),
    cancel: (key) => {
      for (const run of runs) if (run.key === key) stop(run, 'cancel');
    },
    lose,
    refuse: () => {
      refusing = true;
    },
    handBack: () => {
      refusing = true;
      for (const run of runs) stop(run, 'hand-back');
    },
    idle: (ms) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          waiting.delete(end);
          resolve(runs.size === 0);
        };
        const timer = setTimeout(end, ms);
        waiting.add(end);
        if (runs.size === 0) end();
      }),
  };
}

async function runUntilStopped<T>(
  { job, controller: { signal } }: ActiveJob,
  token: string,
  graceMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    if (!signal.aborted) return await Promise.race([work(signal), rejectAfterGrace(signal, graceMs)]);
  } catch (error) {
    // Of one that has been given back already there is no more to say.
    if (!signal.aborted || error instanceof DelayedError) throw error;
    if (signal.reason === 'cancel') throw toJobError(CANCELLED);
    // BullMQ finds out by itself that it may not say how this job ended.
    if (signal.reason === 'lost') throw new Error(`The job ${job.id} was lost to another worker.`);
  }
  await job.moveToWait(token);
  throw new WaitingError();
}

function rejectAfterGrace(signal: AbortSignal, graceMs: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => setTimeout(() => reject(new Error('Stopped.')), graceMs);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
