import type { BakeWarning } from '../../errors.ts';
import type { TimingEntry } from './entries.ts';

/** The entry of each frame. */
export interface MatchedEntries {
  /** By frame, in the order shown; undefined for a frame without an entry. */
  readonly entries: readonly (TimingEntry | undefined)[];
  /** The timestamp of an entry after all frames: the end of the last frame. */
  readonly end: number | undefined;
  readonly warnings: readonly BakeWarning[];
}

/** Gives the number, from 0, of the frame that an entry names; undefined where it names none. */
type FrameOf = (entry: TimingEntry) => number | undefined;

/** The part by which a duration and a gap of timestamps may differ, because of rounding and the recorder's clamp. */
const TOLERANCE = 0.25;

/**
 * Finds the frame of every entry, in the first way that gives each entry a frame of its own: by the name of its file; by its number,
 * counted from 0, from 1 or from the first frame's own; by its timestamp; by its place. Of one entry more than frames, the one without a
 * frame is left out. `frameValues` are the numbers in the frames' names. Pure.
 */
export function matchEntriesToFrames(
  entries: readonly TimingEntry[],
  frameValues: readonly number[],
): MatchedEntries {
  const count = frameValues.length;
  const { files, mixed, numbers } = waysToFrames(frameValues);
  const placeBy = (frameOf: FrameOf) => place(entries, frameOf, count);
  const byNumber = firstOf(numbers, placeBy);
  const byFile = firstOf(files, placeBy);
  const named = byFile ?? byNumber ?? firstOf(mixed, placeBy);
  if (named) {
    const isDisputed =
      byFile !== undefined && byNumber !== undefined && byFile.some((entry, at) => entry !== byNumber[at]);
    const warnings = isDisputed
      ? [reordered('names frames by file and by number, which differ: by file')]
      : [];
    return leaveOutSurplus(named, entries, warnings);
  }
  const byTime = byTimestamp(entries);
  if (byTime) {
    const warnings = [reordered('is not in order: by its timestamps')];
    return leaveOutSurplus(placeInOrder(byTime, count), entries, warnings);
  }
  const isNamed =
    entries.length > 0 && entries.every(({ fileValue, frame }) => (fileValue ?? frame) !== undefined);
  const warnings = isNamed ? [reordered('does not name every frame once: as it is written')] : [];
  return leaveOutSurplus(placeInOrder(entries, count), entries, warnings);
}

function waysToFrames(frameValues: readonly number[]) {
  const places = new Map(frameValues.map((value, place) => [value, place]));
  const offsets = [...new Set([frameValues[0]!, 0, 1])];
  const minus = (value: number | undefined, offset: number) =>
    value === undefined ? undefined : value - offset;
  const byFile: FrameOf = ({ fileValue }) =>
    fileValue === undefined ? undefined : (places.get(fileValue) ?? -1);
  const numbers = offsets.map(
    (offset): FrameOf =>
      ({ frame }) =>
        minus(frame, offset),
  );
  return {
    files: [
      byFile,
      ...offsets.map(
        (offset): FrameOf =>
          ({ fileValue }) =>
            minus(fileValue, offset),
      ),
    ],
    numbers,
    mixed: numbers.map(
      (byNumber): FrameOf =>
        (entry) =>
          byFile(entry) ?? byNumber(entry),
    ),
  };
}

function firstOf<T>(ways: readonly FrameOf[], attempt: (frameOf: FrameOf) => T | undefined): T | undefined {
  for (const frameOf of ways) {
    const result = attempt(frameOf);
    if (result) return result;
  }
  return undefined;
}

/** Entries by frame; undefined unless each entry has a frame of its own, but for surplus ones. */
function place(
  entries: readonly TimingEntry[],
  frameOf: FrameOf,
  count: number,
): MatchedEntries['entries'] | undefined {
  const placed = new Array<TimingEntry | undefined>(count).fill(undefined);
  let surplus = entries.length - count;
  for (const entry of entries) {
    const at = frameOf(entry);
    if (at === undefined || !Number.isInteger(at)) return undefined;
    if (at < 0 || at >= count) {
      if (--surplus < 0) return undefined;
    } else if (placed[at]) return undefined;
    else placed[at] = entry;
  }
  return placed;
}

/** The entries in the order of their timestamps; undefined where they are in order already, or durations contradict the new order. */
function byTimestamp(entries: readonly TimingEntry[]): TimingEntry[] | undefined {
  const times = entries.map(({ timestamp }) => timestamp);
  if (times.includes(undefined)) return undefined;
  if (times.every((time, at) => at === 0 || time! >= times[at - 1]!)) return undefined;
  const sorted = entries.toSorted((a, b) => a.timestamp! - b.timestamp!);
  const agrees = sorted.every(({ timestamp, duration }, at) => {
    const next = sorted[at + 1];
    if (!next || duration === undefined) return true;
    const gap = next.timestamp! - timestamp!;
    return Math.abs(gap - duration) <= TOLERANCE * Math.max(gap, duration);
  });
  return agrees ? sorted : undefined;
}

function placeInOrder(entries: readonly TimingEntry[], count: number): MatchedEntries['entries'] {
  return Array.from({ length: count }, (_, frame) => entries[frame]);
}

/** Leaves out an entry without a frame. As the last entry, it tells the end of the last frame. */
function leaveOutSurplus(
  placed: MatchedEntries['entries'],
  entries: readonly TimingEntry[],
  warnings: BakeWarning[],
): MatchedEntries {
  const used = new Set(placed);
  const surplus = entries.find((entry) => !used.has(entry));
  if (!surplus) return { entries: placed, end: undefined, warnings };
  const message = 'timing.json has one entry more than the tape has frames: ignored.';
  const isEnd = surplus === entries.at(-1);
  return {
    entries: placed,
    end: isEnd ? surplus.timestamp : undefined,
    warnings: [...warnings, { code: 'TIMING_PARTIAL', message }],
  };
}

function reordered(how: string): BakeWarning {
  return { code: 'TIMING_REORDERED', message: `timing.json ${how}.` };
}
