/**
 * Lets no more than `max` be added to what `count` counts, however many ask at once, and makes none wait for another while
 * there is room. Exact for one process; each further process may add one too many at the same moment.
 */
export function admission(max: number, count: () => Promise<number>) {
  let begun = 0;
  let ended = 0;
  let waiting: (() => void)[] = [];

  /** Whether there is room; then `leave` must be called when what was let in is counted. */
  const enter = async (): Promise<boolean> => {
    for (;;) {
      const endedBefore = ended;
      const there = await count();
      if (there >= max) return false;
      // All that were under way at some time during the count, so that it may or may not hold them.
      if (there + begun - endedBefore < max) {
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
    /** Runs `add` if there is room; undefined if there is none. */
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

export type Admission = ReturnType<typeof admission>;
