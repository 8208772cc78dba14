/** Stops the worker while bakes fail for a fault that is not the tape's, and starts it again when the fault is gone. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../schemas/outcome.ts';

export interface FaultPauseOptions {
  /** Tries the failed step without a tape. Throws while the fault lasts. */
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

export interface FaultPause {
  /** Stops the worker because of a job that failed; it goes on when a probe succeeds. */
  begin(failure: Failure, jobId: string): void;
  /** The fault, and when the pause began (in milliseconds since 1970); undefined while the worker runs. */
  current(): { readonly failure: Failure; readonly since: number } | undefined;
  /** Ends the pause without resuming. */
  close(): Promise<void>;
}

/** How long to wait after `times` failures, in milliseconds. */
export function faultWait({ first, longest }: FaultWaits, times: number): number {
  return Math.min(first * 2 ** times, longest);
}

export function openFaultPause(options: FaultPauseOptions): FaultPause {
  const { probe, pause, resume, promote, onChange, onError, waits } = options;
  const stop = new AbortController();
  const postponed = new Set<string>();
  let current: { readonly failure: Failure; readonly since: number } | undefined;
  let running: Promise<void> | undefined;

  const isGone = (failure: Failure) =>
    probe(failure, stop.signal).then(
      () => true,
      (error: Error) => {
        if (!stop.signal.aborted) onError(error);
        return false;
      },
    );
  const run = async (failure: Failure, since: number) => {
    onChange(failure);
    await pause();
    for (let times = 0; !(await isGone(failure)); times += 1) {
      // After a day the worker takes jobs again, so that those which waited the whole day fail.
      if (Date.now() - since > waits.giveUp) resume();
      await delay(faultWait(waits, times), undefined, { signal: stop.signal });
    }
    current = undefined;
    onChange(undefined);
    resume();
    // If the first probe succeeds, perhaps only this tape was too large: it is not promoted, and waits its own delay.
    if (Date.now() - since >= waits.first) await promote([...postponed]);
    postponed.clear();
  };
  return {
    begin: (failure, jobId) => {
      if (stop.signal.aborted) return;
      postponed.add(jobId);
      if (current !== undefined) return;
      current = { failure, since: Date.now() };
      running = run(failure, current.since).catch((error: Error) => {
        if (!stop.signal.aborted) onError(error);
      });
    },
    current: () => current,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
