import type { BakeWarning } from '../../errors.ts';
import type { TimingEntry } from './entries.ts';

/** Which entry is about which frame. */
export interface MatchedEntries {
  /** By frame, in the order shown; undefined where timing.json has none. */
  readonly entries: readonly (TimingEntry | undefined)[];
  /** When the last frame ended, by an entry after all frames. */
  readonly end: number | undefined;
  readonly warnings: readonly BakeWarning[];
}

/** The place, from 0, of the frame that an entry names; undefined where it names none. */
type Naming = (entry: TimingEntry) => number | undefined;

/** Durations and gaps of timestamps, in any unit, that are the same but for rounding and the recorder's clamp. */
const SAME = 0.25;

/**
 * Finds the frame of every entry: by the name of its file, else by its number, from 0, from 1 or from the first frame's
 * own, else by its timestamp, else by its place. A way is taken only if it gives each entry a frame of its own; with one
 * entry more than frames, one of them has none, and is left out. `frameValues` are the numbers in the frames' names.
 */
export function matchEntriesToFrames(
  entries: readonly TimingEntry[],
  frameValues: readonly number[],
): MatchedEntries {
  const count = frameValues.length;
  const { files, mixed, numbers } = namings(frameValues);
  const placeBy = (way: Naming) => place(entries, way, count);
  const byNumber = firstOf(numbers, placeBy);
  const byFile = firstOf(files, placeBy);
  const named = byFile ?? byNumber ?? firstOf(mixed, placeBy);
  if (named) {
    const isDisputed =
      byFile !== undefined && byNumber !== undefined && byFile.some((entry, at) => entry !== byNumber[at]);
    const warnings = isDisputed
      ? [reordered('names frames by file and by number, which differ: by file')]
      : [];
    return leaveOut(named, entries, warnings);
  }
  const byTime = byTimestamp(entries);
  if (byTime) {
    const warnings = [reordered('is not in order: by its timestamps')];
    return leaveOut(fill(byTime, count), entries, warnings);
  }
  const isNamed =
    entries.length > 0 && entries.every(({ fileValue, frame }) => (fileValue ?? frame) !== undefined);
  const warnings = isNamed ? [reordered('does not name every frame once: as it is written')] : [];
  return leaveOut(fill(entries, count), entries, warnings);
}

function namings(frameValues: readonly number[]) {
  const places = new Map(frameValues.map((value, place) => [value, place]));
  const offsets = [...new Set([frameValues[0]!, 0, 1])];
  const less = (value: number | undefined, offset: number) =>
    value === undefined ? undefined : value - offset;
  const byFile: Naming = ({ fileValue }) =>
    fileValue === undefined ? undefined : (places.get(fileValue) ?? -1);
  const numbers = offsets.map(
    (offset): Naming =>
      ({ frame }) =>
        less(frame, offset),
  );
  return {
    files: [
      byFile,
      ...offsets.map(
        (offset): Naming =>
          ({ fileValue }) =>
            less(fileValue, offset),
      ),
    ],
    numbers,
    mixed: numbers.map(
      (byNumber): Naming =>
        (entry) =>
          byFile(entry) ?? byNumber(entry),
    ),
  };
}

function firstOf<T>(ways: readonly Naming[], attempt: (way: Naming) => T | undefined): T | undefined {
  for (const way of ways) {
    const result = attempt(way);
    if (result) return result;
  }
  return undefined;
}

function place(
  entries: readonly TimingEntry[],
  way: Naming,
  count: number,
): MatchedEntries['entries'] | undefined {
  const placed = new Array<TimingEntry | undefined>(count).fill(undefined);
  let surplus = entries.length - count;
  for (const entry of entries) {
    const at = way(entry);
    if (at === undefined || !Number.isInteger(at)) return undefined;
    if (at < 0 || at >= count) {
      if (--surplus < 0) return undefined;
    } else if (placed[at]) return undefined;
    else placed[at] = entry;
  }
  return placed;
}

/** The entries by their timestamps, where these are out of order and no duration contradicts them once in order. */
function byTimestamp(entries: readonly TimingEntry[]): TimingEntry[] | undefined {
  const times = entries.map(({ timestamp }) => timestamp);
  if (times.includes(undefined)) return undefined;
  if (times.every((time, at) => at === 0 || time! >= times[at - 1]!)) return undefined;
  const sorted = entries.toSorted((a, b) => a.timestamp! - b.timestamp!);
  const agrees = sorted.every(({ timestamp, duration }, at) => {
    const next = sorted[at + 1];
    if (!next || duration === undefined) return true;
    const gap = next.timestamp! - timestamp!;
    return Math.abs(gap - duration) <= SAME * Math.max(gap, duration);
  });
  return agrees ? sorted : undefined;
}

function fill(entries: readonly TimingEntry[], count: number): MatchedEntries['entries'] {
  return Array.from({ length: count }, (_, frame) => entries[frame]);
}

/** One entry more than frames: it tells when the last frame ended, if it comes after all others. */
function leaveOut(
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
