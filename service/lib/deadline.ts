/**
 * Calls `run` with a signal that aborts together with `signal`, and after `ms` milliseconds. Throws the reason of `signal`
 * when that one aborts, and the error that `tooSlow` returns when the time is up; `cause` is what `run` threw then.
 */
export async function withDeadline<T>(
  ms: number,
  signal: AbortSignal | undefined,
  tooSlow: (cause: unknown) => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), ms);
  try {
    return await run(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
  } catch (cause) {
    // What `run` throws when it is aborted depends on the moment; the reason does not.
    signal?.throwIfAborted();
    throw deadline.signal.aborted ? tooSlow(cause) : cause;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for `work`, but no longer than `ms` milliseconds: then it returns what `late` returns, and `work` goes on. */
export async function waitAtMost<T, L>(ms: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  }).then(late);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
