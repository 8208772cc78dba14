/** What timing.json tells of a frame. */
export interface KnownFrame {
  /** Milliseconds that it is shown. */
  readonly duration?: number | undefined;
  /** When it was captured, in milliseconds since any moment; finite. */
  readonly timestamp?: number | undefined;
}

/** A gap between two timestamps that gives a frame more than this, in milliseconds, is a changed clock. */
const LONGEST_SHARE = 10_000;

/**
 * A duration in milliseconds for every frame. Frames without one share evenly the time between the timestamps around
 * them, where both are known and run forward; else they get the median of the known ones; else `even`.
 */
export function fillGaps(frames: readonly KnownFrame[], even: number): number[] {
  const usual = median(frames.flatMap(({ duration }) => (duration ? [duration] : []))) ?? even;
  const durations: number[] = [];
  while (durations.length < frames.length) {
    const first = durations.length;
    const duration = frames[first]!.duration;
    if (duration !== undefined) {
      durations.push(duration);
      continue;
    }
    const after = endOfGap(frames, first);
    const share = (frameTime(frames[after]) - startOfGap(frames, first)) / (after - first);
    // NaN, where a timestamp is unknown, fails the comparison.
    const each = share > 0 && share <= LONGEST_SHARE ? share : usual;
    for (let frame = first; frame < after; frame++) durations.push(each);
  }
  return durations;
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

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
