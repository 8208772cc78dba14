import type { Counts, TapeReport } from '../../service/queue/status.ts';
import { resultOf } from './fixture.ts';

export const NOW = Date.UTC(2026, 6, 31, 12, 0, 0);

/** A job's id that looks like a real one. */
export const idOf = (n: number) => n.toString(16).padStart(32, '0');

/** A report as the queue gives it; by default of a tape that is done. */
export function reportOf(n: number, more: Partial<TapeReport> = {}): TapeReport {
  return {
    jobId: idOf(n),
    slug: `tape-${n}`,
    status: 'done',
    stage: null,
    progress: 1,
    timings: { queuedAt: NOW - 9000, startedAt: NOW - 8000, finishedAt: NOW - 6400 },
    ...(more.status === undefined && { result: resultOf(`tape-${n}`) }),
    callback: { delivered: true, attempts: 1 },
    ...more,
  };
}

export const COUNTS: Counts = {
  waiting: 0,
  active: 0,
  retrying: 0,
  done: 0,
  failed: 0,
  oldestWaitingSeconds: 0,
  callbacks: { waiting: 0, active: 0, retrying: 0, failed: 0 },
};
