import { setTimeout as delay } from 'node:timers/promises';

export interface LatestOnlyOptions<T> {
  readonly write: (value: T) => Promise<unknown>;
  readonly onError: (error: Error) => void;
  /** Milliseconds from the end of a write to the beginning of the next at least. */
  readonly everyMs: number;
}

/** Writes only the newest of many values: one write at a time, and not more often than `everyMs` allows. */
export function latestOnly<T>({ write, onError, everyMs }: LatestOnlyOptions<T>) {
  let next: { readonly value: T } | undefined;
  let writing: Promise<void> | undefined;
  const ending = new AbortController();
  const { signal } = ending;
  const writeAll = async () => {
    while (next !== undefined) {
      const { value } = next;
      next = undefined;
      await write(value).catch(onError);
      await delay(everyMs, undefined, { signal }).catch(() => {});
    }
    writing = undefined;
  };
  return {
    /** Returns at once; a value that is not yet written is replaced. */
    set: (value: T): void => {
      if (signal.aborted) return;
      next = { value };
      writing ??= writeAll();
    },
    /** Writes the last value at once and waits for that. Later values are ignored. */
    flush: async (): Promise<void> => {
      ending.abort();
      await writing;
    },
    /** Drops the last value if it is not yet written. Later values are ignored. */
    drop: (): void => {
      next = undefined;
      ending.abort();
    },
  };
}
