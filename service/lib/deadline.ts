import { timedOut } from '../source/errors.ts';

/**
 * Calls `run` with a signal that aborts when `signal` does, or after so many milliseconds. Throws the reason of `signal`
 * when aborted, and FetchError SOURCE_TIMEOUT when too slow.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  milliseconds: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(timedOut()), milliseconds);
  try {
    return await run(AbortSignal.any([signal, deadline.signal]));
  } catch (error) {
    // What an abort looks like from below depends on the moment; its reason is what the caller wants.
    signal.throwIfAborted();
    deadline.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
