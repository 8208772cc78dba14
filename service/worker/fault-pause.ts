/** Stops the worker while bakes fail for a fault that is not the tape's, and starts it again when the fault is gone. */
import { setTimeout as delay } from 'node:timers/promises';
import { waitAtMost } from '../lib/deadline.ts';
import { pollUntil } from '../lib/retry.ts';
import type { Failure } from '../schemas/outcome.ts';

export interface FaultPauseOptions {
  /** Tries the failed step without a tape. Throws while the fault lasts, and may take no longer than the longest wait. */
  readonly probe: (failure: Failure, signal: AbortSignal) => Promise<void>;
  /** Lets the worker take no more jobs. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** Runs jobs at once that were postponed. */
  readonly promote: (jobIds: readonly string[]) => Promise<void>;
  /** Called when the pause begins, with the fault, and when it ends, without. */
  readonly onChange: (failure: Failure | undefined) => void;
  readonly onError: (error: Error) => void;
  readonly waits: FaultWaits;
}

/** Milliseconds. */
export interface FaultWaits {
  /** Between the first failed probe and the next; doubled after each further one. A postponed job waits as long. */
  readonly first: number;
  readonly longest: number;
  /** A job that has been postponed for so long fails. */
  readonly giveUp: number;
}

export const FAULT_WAITS: FaultWaits = { first: 30_000, longest: 3_600_000, giveUp: 86_400_000 };

/** How often a worker takes jobs until a cancelled one has ended, and for how long. Milliseconds. */
const END = { everyMs: 250, waitMs: 30_000 };

export interface FaultPause {
  readonly waits: FaultWaits;
  /** Stops the worker because of a job that failed; it goes on when a probe succeeds. */
  begin(failure: Failure): void;
  /** Remembers a job that was postponed, and stops the worker again if it takes jobs to end them. */
  postponed(jobId: string): void;
  /** Lets the worker take the first job of the queue, which is cancelled, until it has ended. Other jobs are postponed. */
  endJob(hasEnded: () => Promise<boolean>): void;
  /** Whether it takes jobs to end a cancelled one. */
  isEnding(): boolean;
  /** The fault, and when the pause began (in milliseconds since 1970); undefined while the worker runs. */
  current(): { readonly failure: Failure; readonly since: number } | undefined;
  /** Ends the pause without resuming, at once. */
  close(): void;
}

/** How long to wait after `times` failures, in milliseconds. */
export function faultWait({ first, longest }: FaultWaits, times: number): number {
  return Math.min(first * 2 ** times, longest);
}

export function openFaultPause(options: FaultPauseOptions): FaultPause {
  const { probe, pause, resume, promote, onChange, onError, waits } = options;
  const stop = new AbortController();
  const postponed = new Set<string>();
  let ending = 0;
  let current: { readonly failure: Failure; readonly since: number } | undefined;

  const report = (error: Error) => {
    if (!stop.signal.aborted) onError(error);
  };
  const isGone = async (failure: Failure): Promise<boolean> => {
    try {
      await waitAtMost(waits.longest, probe(failure, stop.signal), () => {
        throw new Error(`The probe after ${failure.code} does not end.`);
      });
      return true;
    } catch (error) {
      report(error as Error);
      return false;
    }
  };
  /** Lets the worker take jobs that end without a bake, until it meets one that must wait. */
  const takeJobs = () => {
    if (current !== undefined && !stop.signal.aborted) resume();
  };
  const run = async (failure: Failure) => {
    const began = performance.now();
    onChange(failure);
    await pause();
    for (let times = 0; !(await isGone(failure)); times += 1) {
      // After a day the worker takes jobs again, so that those which waited the whole day fail.
      if (performance.now() - began > waits.giveUp) takeJobs();
      await delay(faultWait(waits, times), undefined, { signal: stop.signal });
    }
    stop.signal.throwIfAborted();
    const jobIds = [...postponed];
    postponed.clear();
    current = undefined;
    onChange(undefined);
    resume();
    // If the first probe succeeds, perhaps only this tape was too large: it is not promoted, and waits its own delay.
    if (performance.now() - began >= waits.first) await promote(jobIds);
  };
  return {
    waits,
    begin: (failure) => {
      if (stop.signal.aborted || current !== undefined) return;
      current = { failure, since: Date.now() };
      void run(failure).catch(report);
    },
    postponed: (jobId) => {
      if (stop.signal.aborted || current === undefined) return;
      postponed.add(jobId);
      void pause().catch(report);
    },
    endJob: (hasEnded) => {
      const ask = async () => {
        const isDone = current === undefined || (await hasEnded());
        if (!isDone) takeJobs(); // again, if the worker met another job before it
        return isDone;
      };
      ending += 1;
      pollUntil(ask, (isDone) => isDone, { ...END, signal: stop.signal })
        .catch(report)
        .finally(() => {
          ending -= 1;
        });
    },
    isEnding: () => ending > 0,
    current: () => current,
    close: () => stop.abort(),
  };
}
