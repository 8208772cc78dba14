import { tryLater } from './http.ts';

/** The end of a function's time. */
export interface Deadline {
  /** Aborts at the deadline. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A deadline in `seconds`. It comes before the platform kills the function. */
export function deadlineIn(seconds: number): Deadline {
  return { signal: AbortSignal.timeout(seconds * 1000), at: Date.now() + seconds * 1000 };
}

/** The signal of one step: it aborts after `seconds`, at the latest with the deadline. */
export function within(seconds: number, { signal }: Pick<Deadline, 'signal'>): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
}

/** The error after the deadline. Every checkpoint is kept, and the next request continues there. */
export function timeUp(cause?: unknown): Error {
  return tryLater(
    'TIME_UP',
    'There was not enough time to finish; the next request goes on from here.',
    1,
    cause,
  );
}
