/**
 * Limits how much is added at once: no more than `max` of what `count` counts, and no caller waits for another while there is
 * room. Exact for one process; each further process may add one too many at the same moment.
 */
export function openCapacity(max: number, count: () => Promise<number>) {
  let begun = 0;
  let ended = 0;
  let waiting: (() => void)[] = [];

  /** Whether there is room; then the caller must call `leave` as soon as its addition counts. */
  const enter = async (): Promise<boolean> => {
    for (;;) {
      const endedBefore = ended;
      const counted = await count();
      if (counted >= max) return false;
      // An addition that ran during the count may or may not be in it, so all of them are added.
      if (counted + begun - endedBefore < max) {
        begun += 1;
        return true;
      }
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (begun === ended) wake();
      });
    }
  };
  const leave = () => {
    ended += 1;
    wake();
  };
  const wake = () => {
    const all = waiting;
    waiting = [];
    for (const resume of all) resume();
  };
  return {
    /** Runs `add` if there is room; returns undefined if there is none. */
    admit: async <T>(add: () => Promise<T>): Promise<T | undefined> => {
      if (!(await enter())) return undefined;
      try {
        return await add();
      } finally {
        leave();
      }
    },
  };
}

export type Capacity = ReturnType<typeof openCapacity>;
