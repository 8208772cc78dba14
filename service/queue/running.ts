import { type Job, WaitingError } from 'bullmq';

export type StopReason = 'cancel' | 'hand-back';

interface Run {
  readonly key: string;
  readonly controller: AbortController;
}

/** The jobs that this process works on, and how to stop them. */
export interface Running {
  /** Runs `work`, which must not be waited for when it does not heed the signal within the grace. */
  run<T>(
    job: Job,
    token: string,
    key: string,
    work: (signal: AbortSignal, stoppedFor: () => StopReason | undefined) => Promise<T>,
  ): Promise<T>;
  readonly keys: () => readonly string[];
  readonly cancel: (key: string) => void;
  /** From now on nothing is begun: what arrives is handed back. */
  readonly refuse: () => void;
  /** Aborts everything and hands it back to the queue; no attempt is spent. */
  readonly handBack: () => void;
  /** Resolves when nothing runs, or after `ms` milliseconds; whether nothing runs. */
  idle(ms: number): Promise<boolean>;
}

/** Keeps account of running jobs; one that is stopped may take `graceMs` to end before it is left behind. */
export function keepRunning(graceMs: number): Running {
  const runs = new Set<Run>();
  const waiting = new Set<() => void>();
  let refusing = false;
  const stop = (run: Run, reason: StopReason) => run.controller.abort(reason);

  return {
    async run(job, token, key, work) {
      const run: Run = { key, controller: new AbortController() };
      const { signal } = run.controller;
      const reason = () => (signal.aborted ? (signal.reason as StopReason) : undefined);
      runs.add(run);
      try {
        if (refusing) stop(run, 'hand-back');
        else return await Promise.race([work(signal, reason), leftBehind(signal, graceMs)]);
      } catch (error) {
        if (reason() !== 'hand-back') throw error;
      } finally {
        runs.delete(run);
        if (runs.size === 0) for (const tell of waiting) tell();
      }
      await job.moveToWait(token);
      throw new WaitingError();
    },
    keys: () => [...runs].map(({ key }) => key),
    cancel: (key) => {
      for (const run of runs) if (run.key === key) stop(run, 'cancel');
    },
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

function leftBehind(signal: AbortSignal, graceMs: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => setTimeout(() => reject(new Error('Stopped.')), graceMs);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
