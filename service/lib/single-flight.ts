/** Callers that ask for the same at the same time share one run of it. `shared`: the run was begun for an earlier caller. */
export function singleFlight<T>() {
  const running = new Map<string, Promise<T>>();
  return async (
    key: string,
    run: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly shared: boolean }> => {
    const earlier = running.get(key);
    if (earlier) return { value: await earlier, shared: true };
    const own = run().finally(() => running.delete(key));
    running.set(key, own);
    return { value: await own, shared: false };
  };
}
