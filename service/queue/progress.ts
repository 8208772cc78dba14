/** Writes only the newest of many values: one write at a time, and none for what was overtaken meanwhile. */
export function latestOnly<T>(write: (value: T) => Promise<void>, onError: (error: Error) => void) {
  let next: { readonly value: T } | undefined;
  let writing: Promise<void> | undefined;
  const writeAll = async () => {
    while (next !== undefined) {
      const { value } = next;
      next = undefined;
      await write(value).catch(onError);
    }
    writing = undefined;
  };
  return {
    tell: (value: T): void => {
      next = { value };
      writing ??= writeAll();
    },
    /** Resolves when everything told is written. */
    settle: async (): Promise<void> => writing,
  };
}
