/** Writes only the newest of many values: one write at a time, `everyMs` milliseconds apart, none for what was overtaken. */
export function latestOnly<T>(
  write: (value: T) => Promise<void>,
  onError: (error: Error) => void,
  everyMs: number,
) {
  let next: { readonly value: T } | undefined;
  let writing: Promise<void> | undefined;
  let ending = false;
  let wake = () => {};
  const writeAll = async () => {
    while (next !== undefined) {
      const { value } = next;
      next = undefined;
      await write(value).catch(onError);
      if (!ending) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, everyMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
    writing = undefined;
  };
  return {
    set: (value: T): void => {
      next = { value };
      writing ??= writeAll();
    },
    /** Resolves when everything told is written. Nothing is to be told after it. */
    flush: async (): Promise<void> => {
      ending = true;
      wake();
      await writing;
    },
  };
}
