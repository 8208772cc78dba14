import type { LoadResult } from '../deploy/load.ts';

/** What the outside client saw of one step, or of several. */
export interface Counts {
  /** Requests that were made. */
  readonly asked: number;
  /** Requests without an HTTP answer, or with one that is no use: anything but a 2xx, or 503 with Retry-After. */
  readonly lost: number;
  /** Requests that were told when to come again: 503 with Retry-After. */
  readonly told: number;
  /** Tapes that were taken. */
  readonly tapes: readonly string[];
  /** The longest that an answer took, in milliseconds. */
  readonly worstMs: number;
}

export const NOTHING: Counts = { asked: 0, lost: 0, told: 0, tapes: [], worstMs: 0 };

/** What a lap of the client comes to. */
export function countsOf({ asked, lost, refused, tapes, worstMs }: LoadResult): Counts {
  return { asked, lost: lost.length, told: refused.length, tapes, worstMs };
}

/** Several laps as one. */
export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (a, b) => ({
      asked: a.asked + b.asked,
      lost: a.lost + b.lost,
      told: a.told + b.told,
      tapes: [...a.tapes, ...b.tapes],
      worstMs: Math.max(a.worstMs, b.worstMs),
    }),
    NOTHING,
  );
}

/** Slugs of tapes that were taken and never called back. */
export function neverCalled(
  counts: readonly Counts[],
  wasCalled: (slug: string) => boolean,
): readonly string[] {
  return sum(counts).tapes.filter((slug) => !wasCalled(slug));
}
