/** What is known of a frame's time. */
export interface KnownFrame {
  /** Milliseconds that it is shown. */
  readonly duration?: number | undefined;
  /** When it was captured, in milliseconds since any moment; finite. */
  readonly timestamp?: number | undefined;
}

/** What is known of the whole tape's time. */
export interface KnownTape {
  /** The duration of each frame in milliseconds, if all are the same. */
  readonly even: number;
  /** When the last frame ended, by the timestamps' clock. */
  readonly end?: number | undefined;
  /** Milliseconds of all frames. */
  readonly total?: number | undefined;
}

/** A gap between two timestamps that gives a frame more than this, in milliseconds, is a changed clock. */
const LONGEST_SHARE = 10_000;
/** Less than this, in milliseconds, left over for a frame is no time but rounding: a display of 240 Hz. */
const SHORTEST_REST = 4;

/**
 * A duration in milliseconds for every frame. Frames without one share evenly the time between the timestamps around
 * them, where both are known and run forward. What is still unknown shares what the tape's total
 * leaves, else gets the median of the others, else `even`.
 */
export function fillGaps(frames: readonly KnownFrame[], { even, end, total }: KnownTape): number[] {
  const durations = byTimestamps(frames, end);
  const rest = restOf(durations, total);
  const usual = median(durations.filter((duration) => duration)) ?? even;
  return durations.map((duration) => duration ?? rest ?? usual);
}

function byTimestamps(frames: readonly KnownFrame[], end: number | undefined): (number | undefined)[] {
  const durations: (number | undefined)[] = [];
  while (durations.length < frames.length) {
    const first = durations.length;
    const duration = frames[first]!.duration;
    if (duration !== undefined) {
      durations.push(duration);
      continue;
    }
    const after = endOfGap(frames, first);
    const until = after === frames.length ? (end ?? Number.NaN) : frameTime(frames[after]);
    const share = (until - startOfGap(frames, first)) / (after - first);
    // NaN, where a timestamp is unknown, fails the comparison.
    const each = share > 0 && share <= LONGEST_SHARE ? share : undefined;
    for (let frame = first; frame < after; frame++) durations.push(each);
  }
  return durations;
}

/** What the total leaves for each of the frames that are unknown. */
function restOf(durations: readonly (number | undefined)[], total: number | undefined): number | undefined {
  const known = durations.filter((duration) => duration !== undefined);
  if (total === undefined || known.length === 0) return undefined;
  const rest = total - known.reduce((sum, duration) => sum + duration, 0);
  const each = rest / (durations.length - known.length);
  return each >= SHORTEST_REST && each <= LONGEST_SHARE ? each : undefined;
}

/** The first frame after `first` of which anything is known; the number of frames if there is none. */
function endOfGap(frames: readonly KnownFrame[], first: number): number {
  let after = first + 1;
  while (after < frames.length && isUnknown(frames[after]!)) after++;
  return after;
}

/** When frame `first` was captured, if need be from the frame before it and how long that was shown; else NaN. */
function startOfGap(frames: readonly KnownFrame[], first: number): number {
  const own = frameTime(frames[first]);
  if (!Number.isNaN(own)) return own;
  const before = frames[first - 1];
  return frameTime(before) + (before?.duration ?? Number.NaN);
}

function frameTime(frame: KnownFrame | undefined): number {
  return frame?.timestamp ?? Number.NaN;
}

function isUnknown({ duration, timestamp }: KnownFrame): boolean {
  return duration === undefined && timestamp === undefined;
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.toSorted((a, b) => a! - b!);
  return sorted[Math.floor(sorted.length / 2)];
}
