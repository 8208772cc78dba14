/** Limits how often a visitor may guess. */
export interface Tries {
  /** Counts a try. Returns the seconds to wait when there were too many, and counts no more then. */
  take(visitor: string): number | undefined;
  /** Forgets the tries of a visitor who was right. */
  forget(visitor: string): void;
}

export interface TriesOptions {
  /** Tries of one visitor in `windowMs` milliseconds. */
  readonly max: number;
  readonly windowMs: number;
  /** Visitors that are remembered; beyond them the oldest is forgotten. */
  readonly maxVisitors?: number;
  readonly now?: () => number;
}

export function openTries({
  max,
  windowMs,
  maxVisitors = 10_000,
  now = () => performance.now(),
}: TriesOptions): Tries {
  const windows = new Map<string, { readonly since: number; count: number }>();
  return {
    take: (visitor) => {
      const known = windows.get(visitor);
      const age = known === undefined ? Number.POSITIVE_INFINITY : now() - known.since;
      if (known !== undefined && age < windowMs) {
        if (known.count >= max) return Math.ceil((windowMs - age) / 1000);
        known.count += 1;
        return undefined;
      }
      windows.delete(visitor); // a new window is the youngest entry
      windows.set(visitor, { since: now(), count: 1 });
      const [oldest] = windows.keys();
      if (windows.size > maxVisitors && oldest !== undefined) windows.delete(oldest);
      return undefined;
    },
    forget: (visitor) => {
      windows.delete(visitor);
    },
  };
}
