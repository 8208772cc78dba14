/** Lets only so many equal lines of an error into the log, so that a lost Redis does not fill the disk. */
const LINES = 10;
const WINDOW_MS = 60_000;
/** Different errors that are counted at once. */
const MAX_KEYS = 1000;
/** Characters of a line that are compared. */
const KEY_LENGTH = 1000;

export interface EqualLines {
  /** How many equal lines were left out before this one; undefined if this one is to be left out as well. */
  admit(error: Error, message: string): number | undefined;
}

export function openEqualLines(now: () => number = () => performance.now()): EqualLines {
  const windows = new Map<string, { since: number; seen: number; leftOut: number }>();
  return {
    admit: (error, message) => {
      const { code } = error as { code?: unknown };
      // Numbers differ where the error is the same: ports, job ids, milliseconds.
      const key = `${message} ${error.name} ${code} ${error.message}`
        .slice(0, KEY_LENGTH)
        .replace(/[0-9a-f]+/g, (word) => (/\d/.test(word) ? '#' : word));
      let window = windows.get(key);
      if (window === undefined || now() - window.since >= WINDOW_MS) {
        if (windows.size >= MAX_KEYS) windows.clear();
        const { leftOut = 0 } = window ?? {};
        window = { since: now(), seen: 1, leftOut: 0 };
        windows.set(key, window);
        return leftOut;
      }
      window.seen += 1;
      if (window.seen <= LINES) return 0;
      window.leftOut += 1;
      return undefined;
    },
  };
}
