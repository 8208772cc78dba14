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
