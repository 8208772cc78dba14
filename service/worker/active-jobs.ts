/** The jobs that this process runs now, and the ways to stop them. */
import { DelayedError, type Job, WaitingError } from 'bullmq';
import { waitAtMost } from '../lib/deadline.ts';
import { CANCELLED, toJobError } from '../queue/failure.ts';

/** Why a job is stopped; 'lost' if its lock expired, so that another worker has it now. */
export type StopReason = 'cancel' | 'hand-back' | 'lost';

interface ActiveJob {
  readonly job: Job;
  readonly callbackId: string;
  readonly controller: AbortController;
}

export interface ActiveJobs {
  /**
   * Runs `work`, and throws what BullMQ must know. If `work` does not end within the grace after its signal aborted, this
   * does not wait for it any more.
   */
  run<T>(job: Job, token: string, callbackId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  readonly count: () => number;
  readonly callbackIds: () => readonly string[];
  readonly cancel: (callbackId: string) => void;
  /** Stops jobs that another worker has now. */
  readonly lose: (jobIds: readonly string[]) => void;
  /** Whether it begins no more jobs: those that still arrive are handed back. */
  readonly refuse: (refuses: boolean) => void;
  /** Aborts every job and hands it back to the queue; no attempt is spent. */
  readonly handBack: () => void;
  /** Resolves when no job is active, or after `ms` milliseconds; whether no job is active. */
  idle(ms: number): Promise<boolean>;
}

/** Milliseconds to wait before a job runs again in the process that has just stopped it. */
const RESTART_DELAY_MS = 1000;

export interface TrackOptions {
  /** A stopped job may take so many milliseconds to end. */
  readonly graceMs: number;
  /** How long the lock of a job lasts that is not extended. */
  readonly lockMs: number;
  readonly onError: (error: Error) => void;
}

/** Keeps a list of active jobs, and extends their locks. */
export function trackJobs({ graceMs, lockMs, onError }: TrackOptions): ActiveJobs {
  const active = new Set<ActiveJob>();
  const onIdle = new Set<() => void>();
  let refusing = false;
  const stop = (one: ActiveJob, reason: StopReason) => one.controller.abort(reason);
  const lose = (jobIds: readonly string[]) => {
    for (const one of active) if (jobIds.includes(one.job.id!)) stop(one, 'lost');
  };
  /** BullMQ extends locks too, but by the clock: after that was set back an hour, it would extend none for an hour. */
  const extendLock = (one: ActiveJob, token: string) => {
    let isExtending = false; // for longer than usual while Redis is away
    const extend = async () => {
      if (isExtending) return;
      isExtending = true;
      const isHeld = (await one.job.extendLock(token, lockMs).catch(onError)) !== 0;
      isExtending = false;
      if (!isHeld && active.has(one)) stop(one, 'lost');
    };
    return setInterval(extend, lockMs / 3);
  };

  return {
    async run(job, token, callbackId, work) {
      if ([...active].some((one) => one.job.id === job.id)) {
        // Its lock expired, and the queue gave the job to this process again. BullMQ extends locks by the job's id, so two
        // runs in one process would take each other's lock: the old run ends first.
        lose([job.id!]);
        await job.moveToDelayed(Date.now() + RESTART_DELAY_MS, token);
        throw new DelayedError();
      }
      const one: ActiveJob = { job, callbackId, controller: new AbortController() };
      active.add(one);
      const extending = extendLock(one, token);
      try {
        if (refusing) stop(one, 'hand-back');
        return await runUntilStopped(one, token, graceMs, work);
      } finally {
        clearInterval(extending);
        active.delete(one);
        if (active.size === 0) for (const resolve of onIdle) resolve();
      }
    },
    count: () => active.size,
    callbackIds: () => [...active].map((one) => one.callbackId),
    cancel: (callbackId) => {
      for (const one of active) if (one.callbackId === callbackId) stop(one, 'cancel');
    },
    lose,
    refuse: (refuses) => {
      refusing = refuses;
    },
    handBack: () => {
      refusing = true;
      for (const one of active) stop(one, 'hand-back');
    },
    idle: async (ms) => {
      if (active.size === 0) return true;
      const idle = Promise.withResolvers<void>();
      onIdle.add(idle.resolve);
      await waitAtMost(ms, idle.promise, () => {});
      onIdle.delete(idle.resolve);
      return active.size === 0;
    },
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
    // A job that went back to the queue by itself has ended.
    if (!signal.aborted || error instanceof DelayedError || error instanceof WaitingError) throw error;
    if (signal.reason === 'cancel') throw toJobError(CANCELLED);
    // BullMQ refuses the result of a job whose lock it does not hold.
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
