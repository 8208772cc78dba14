/** Does `work` for each item, in their order and for at most `count` at once. It begins no more after an abort or an error, which it throws. */
export async function inFlight<T>(
  items: Iterable<T>,
  count: number,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = rest.next(); !next.done && !failed && !signal.aborted; next = rest.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
}
