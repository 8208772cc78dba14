/** GET /health/work: whether tapes get through. */

import { cached } from '../lib/cached.ts';
import { waitAtMost } from '../lib/deadline.ts';
import type { Counts, FinishedCounts } from '../queue/status.ts';
import { type Reason, redisReason } from './probes.ts';

/** The limits beyond which the work is unhealthy. */
export interface WorkLimits {
  /** Seconds that a tape may wait. */
  readonly waitSeconds: number;
  /** Jobs that ended in the last so many seconds count. */
  readonly windowSeconds: number;
  /** Failed bakes, at least, … */
  readonly minFailed: number;
  /** … and their share of all bakes that ended. */
  readonly failedShare: number;
  /** Callbacks that wait for another attempt, at least. */
  readonly undelivered: number;
}

/** Tapes come a few at a time: if half of them fail, or one waits for a quarter of an hour, an operator should look. */
export const WORK_LIMITS: WorkLimits = {
  waitSeconds: 900,
  windowSeconds: 3600,
  minFailed: 3,
  failedShare: 0.5,
  undelivered: 10,
};

/** The reasons why the work is unhealthy; none if it is healthy. */
export function judgeWork(
  counts: Pick<Counts, 'oldestWaitingSeconds' | 'callbacks'>,
  ended: FinishedCounts,
  limits: WorkLimits = WORK_LIMITS,
): Reason[] {
  const { oldestWaitingSeconds: waited, callbacks } = counts;
  const { done, failed, callbacksGivenUp: givenUp } = ended;
  const minutes = Math.round(limits.windowSeconds / 60);
  const reasons: (Reason | false)[] = [
    waited > limits.waitSeconds && {
      code: 'WAITING',
      message: `A tape has waited for ${Math.round(waited / 60)} minutes.`,
    },
    failed >= limits.minFailed &&
      failed / (failed + done) >= limits.failedShare && {
        code: 'FAILING',
        message: `${failed} of ${failed + done} tapes failed in the last ${minutes} minutes.`,
      },
    givenUp > 0 && {
      code: 'CALLBACKS_GIVEN_UP',
      message: `${givenUp} callbacks were given up in the last ${minutes} minutes.`,
    },
    callbacks.retrying >= limits.undelivered && {
      code: 'CALLBACKS_UNDELIVERED',
      message: `${callbacks.retrying} callbacks wait for receivers that did not take them.`,
    },
  ];
  return reasons.filter((reason) => reason !== false);
}

export interface WorkOptions {
  readonly queue: {
    counts(): Promise<Counts>;
    ended(seconds: number): Promise<FinishedCounts>;
    checkWrite?(): Promise<void>;
  };
  /** The fault for which tapes wait. */
  readonly fault?: () => Reason | undefined;
  readonly limits?: WorkLimits;
  /** Milliseconds for which an answer is used again. */
  readonly everyMs?: number;
}

/** How long the queue may take to answer. */
const QUEUE_MS = 3000;

/** Opens the check of the work. It finds the reasons why the work is unhealthy, and never throws. */
export function openWorkCheck(options: WorkOptions): () => Promise<readonly Reason[]> {
  const { queue, fault, limits = WORK_LIMITS, everyMs = 5000 } = options;
  return cached(everyMs, async (): Promise<readonly Reason[]> => {
    try {
      const ofRedis = await redisReason({ checkWrite: queue.checkWrite ?? (async () => {}) }, QUEUE_MS);
      if (ofRedis)
        return [{ ...ofRedis, message: `${ofRedis.message} No tape is taken, and none can be finished.` }];
      const all = Promise.all([queue.counts(), queue.ended(limits.windowSeconds)]);
      const [counts, ended] = await waitAtMost(QUEUE_MS, all, () => {
        throw new Error(`The queue did not answer within ${QUEUE_MS} ms.`);
      });
      const found = fault?.();
      const waiting = found ? [{ code: found.code, message: `Tapes wait: ${found.message}` }] : [];
      return [...waiting, ...judgeWork(counts, ended, limits)];
    } catch {
      return [{ code: 'REDIS', message: 'The queue can not be asked.' }];
    }
  });
}
