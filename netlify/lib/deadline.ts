import { tryLater } from './http.ts';

/** How long a function may still work. */
export interface Deadline {
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
  /** When that is, in epoch milliseconds. */
  readonly at: number;
}

/** A deadline `seconds` from now, for work that has to end before the platform ends it. */
export function deadlineIn(seconds: number): Deadline {
  return { signal: AbortSignal.timeout(seconds * 1000), at: Date.now() + seconds * 1000 };
}

/** The signal of one step: aborts after `seconds`, and with the deadline in any case. */
export function within(seconds: number, { signal }: Pick<Deadline, 'signal'>): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
}

/** The answer when the time is up: what was done is kept, and the next request goes on from there. */
export function timeUp(cause?: unknown): Error {
  return tryLater(
    'TIME_UP',
    'There was not enough time to finish; the next request goes on from here.',
    1,
    cause,
  );
}
