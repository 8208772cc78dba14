/**
 * Carries out several pieces of work at once. One that fails stops the others by their signal, and all are waited for: nobody may still
 * be writing when the working folder is removed. Throws what the first to fail threw.
 */
export async function runAllOrStop<T>(
  signal: AbortSignal,
  ...works: readonly ((signal: AbortSignal) => Promise<T>)[]
): Promise<T[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let failure: unknown;
  const results = await Promise.allSettled(
    works.map(async (work) => {
      try {
        return await work(either);
      } catch (error) {
        if (!failed.signal.aborted) failure = error;
        failed.abort();
        throw error;
      }
    }),
  );
  if (failed.signal.aborted) throw failure;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
