/**
 * Waits for several pieces of work that run at once. The first to fail stops the others by the signal that `start` gets, and all are
 * waited for, so that no work still writes when the working folder is removed. Throws the first failure.
 */
export async function runAllOrStop<T>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => readonly Promise<T>[],
): Promise<T[]> {
  const failed = new AbortController();
  let failure: unknown;
  const works = start(AbortSignal.any([signal, failed.signal]));
  const results = await Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        if (!failed.signal.aborted) failure = error;
        failed.abort();
        return undefined;
      }),
    ),
  );
  if (failed.signal.aborted) throw failure;
  return results as T[];
}

/** Like Promise.all, but rejects only when all have ended, with the first error in their order. */
export async function settleAll(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
