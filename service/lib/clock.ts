/** Notices when the machine's clock is set back. */

export interface ClockOptions {
  /** How often to look, in milliseconds. */
  readonly everyMs?: number;
  /** The clock that can be set, and one that can not. Milliseconds. */
  readonly now?: () => number;
  readonly steady?: () => number;
}

/** A smaller step changes nothing that anyone waits for. */
const LEAST_MS = 1000;

/** Calls `onSetBack` with the milliseconds whenever the clock was set back. */
export function watchClock(
  onSetBack: (ms: number) => void,
  { everyMs = 1000, now = Date.now, steady = () => performance.now() }: ClockOptions = {},
): { stop(): void } {
  let ahead = now() - steady();
  const look = () => {
    const before = ahead;
    ahead = now() - steady();
    if (before - ahead >= LEAST_MS) onSetBack(before - ahead);
  };
  const timer = setInterval(look, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
