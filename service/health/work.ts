import type { Counts, FinishedCounts } from '../queue/status.ts';
import type { Reason } from './probes.ts';

/** When the work counts as going badly. */
export interface WorkLimits {
  /** A tape may wait so many seconds. */
  readonly waitSeconds: number;
  /** What ended in the last so many seconds is looked at. */
  readonly windowSeconds: number;
  /** So many bakes at least must have failed, … */
  readonly minFailed: number;
  /** … and such a share of all that ended. */
  readonly failedShare: number;
  /** So many callbacks may be on their way to receivers that did not take them. */
  readonly undelivered: number;
}

/** Tapes come a few at a time; half of them failing, or one waiting for a quarter of an hour, is for somebody to look at. */
export const WORK_LIMITS: WorkLimits = {
  waitSeconds: 900,
  windowSeconds: 3600,
  minFailed: 3,
  failedShare: 0.5,
  undelivered: 10,
};

/** What goes badly with the work, in plain words; nothing when all is well. */
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
