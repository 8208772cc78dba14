/** Trying again: after an error, or until an answer is the right one. */
import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  /** How often `run` is called at most, the first time included. */
  readonly attempts: number;
  /** Longest wait in milliseconds after each failed attempt; the last delay is used again for all later attempts. */
  readonly delays: readonly number[];
  readonly signal: AbortSignal;
  /** Whether another attempt may help after this error. */
  readonly isRetryable: (error: unknown) => boolean;
  /** From 0 up to 1, for tests. */
  readonly random?: () => number;
  /** Waits so many milliseconds, or rejects when the signal aborts; for tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Calls `run` (with the attempt's number, from 1) until it succeeds, its error is not retryable, or the attempts are used
 * up. Between attempts it waits a random part of the delay ("full jitter"), so that many workers do not return at once.
 * Throws the last error of `run`, or the signal's reason when aborted.
 */
export async function withRetries<T>(
  run: (attempt: number) => Promise<T>,
  { attempts, delays, signal, isRetryable, random = Math.random, wait = waitFor }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await run(attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= attempts || !isRetryable(error)) throw error;
    }
    const longest = delays[attempt - 1] ?? delays.at(-1) ?? 0;
    await wait(random() * longest, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal });
}

export interface PollOptions {
  /** Milliseconds between an answer and the next question. */
  readonly everyMs: number;
  /** Milliseconds after which the next answer is the last. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `ask` until `isDone` says so of its answer, or the time is up, and returns the last answer. Throws what `ask` throws,
 * and the signal's reason when it aborts between two calls.
 */
export async function pollUntil<T>(
  ask: () => Promise<T>,
  isDone: (answer: T) => boolean,
  { everyMs, waitMs, signal }: PollOptions,
): Promise<T> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const answer = await ask();
    if (isDone(answer) || performance.now() > deadline) return answer;
    await delay(everyMs);
    signal?.throwIfAborted();
  }
}
