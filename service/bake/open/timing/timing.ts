import { BakeError, type BakeWarning } from '../../errors.ts';
import { type Limits, limitError } from '../../limits.ts';
import { readEntries } from './entries.ts';
import { matchEntriesToFrames } from './order.ts';
import { areSame, detectUnits, type Measures, type Units, USUAL_UNITS } from './units.ts';

/** How long each frame is shown, and what was unusual about finding that out. */
export interface Timing {
  /** Milliseconds, one per frame, each ≥ 0 and their sum > 0. */
  readonly durations: readonly number[];
  readonly warnings: readonly BakeWarning[];
}

/** What the frames' names tell of time. */
export interface NamedFrames {
  /** The numbers in their names, in the order shown; at least one. */
  readonly frameValues: readonly number[];
  /** Whether these are times: milliseconds of any clock. */
  readonly areTimes: boolean;
}

/** Below this, in milliseconds, a tape has no duration worth the name. */
const NO_TIME = 1;
/** The recorder counts the last frame as one display refresh, in milliseconds, however soon the recording ended. */
const REFRESH = 1000 / 60;
/** The recorder gives no frame less, in milliseconds, however soon the next one came. */
const CLAMP = 10;
/** Measures of time that differ by more than this, in milliseconds, and by a quarter, contradict each other. */
const CONTRADICTION = 1000;
const UNIT_NAMES: Readonly<Record<number, string>> = {
  1000: 'seconds',
  1: 'milliseconds',
  0.001: 'microseconds',
  0.000001: 'nanoseconds',
};

/**
 * Turns timing.json (or undefined where the tape has none) into a duration for each frame. A duration is believed before
 * timestamps, and these before `total` of metadata.json; units that differ are converted, and what is missing is filled in,
 * each with a warning. What is wrong throws a TIMING_… code, or TAPE_TOO_LONG.
 *
 * A frame of 0 ms is permitted: it is never seen. A tape whose frames are all 0 ms is timed as if nothing were known.
 */
export function parseTiming(
  bytes: Buffer | undefined,
  names: NamedFrames,
  limits: Limits,
  total?: number,
): Timing {
  const { frameValues, areTimes } = names;
  const even = evenDuration(frameValues.length, limits, total);
  if (bytes === undefined) {
    if (areTimes) return timed({ ...timesOf(frameValues), total }, even, limits, [timesInNames()]);
    const message = `timing.json is missing: every frame is shown for ${round(even)} ms.`;
    const durations = new Array<number>(frameValues.length).fill(even);
    return checkLength({ durations, warnings: [{ code: 'TIMING_MISSING', message }] }, limits);
  }
  const placed = matchEntriesToFrames(readEntries(bytes, frameValues.length + 1, limits), frameValues);
  const durations = placed.entries.map((entry) => entry?.duration);
  const stamps = placed.entries.map((entry) => entry?.timestamp);
  const timestamps = areTimes && stamps.every((stamp) => stamp === undefined) ? frameValues : stamps;
  return timed({ durations, timestamps, total, end: placed.end }, even, limits, placed.warnings);
}

interface Known extends Measures {
  readonly end?: number | undefined;
}

/** From what is known, in whatever units, to durations. */
function timed(known: Known, even: number, limits: Limits, warnings: readonly BakeWarning[]): Timing {
  const units = detectUnits(known);
  let frames: KnownFrame[] = known.durations.map((duration, frame) => ({
    duration: times(duration, units.duration),
    timestamp: times(known.timestamps[frame], units.timestamp),
  }));
  const total = times(known.total, units.total);
  if (sum(frames.map(({ duration = 0 }) => duration)) < NO_TIME) {
    frames = frames.map(({ timestamp }) => ({ timestamp }));
  }
  let durations = fillGaps(frames, { even, total, end: times(known.end, units.timestamp) });
  if (sum(durations) < NO_TIME) durations = durations.map(() => even);
  const found = [...warnings, ...warnOfUnits(units), ...warnOfGaps(frames, warnings)];
  checkLength({ durations, warnings: [] }, limits);
  return { durations, warnings: [...found, ...compare(frames, durations, total)] };
}

function times(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value * unit;
}

function timesOf(frameValues: readonly number[]): Omit<Measures, 'total'> {
  return { durations: frameValues.map(() => undefined), timestamps: frameValues };
}

/** Throws where durations, timestamps and total tell of different tapes; warns where durations are believed all the same. */
function compare(
  frames: readonly KnownFrame[],
  durations: readonly number[],
  total: number | undefined,
): BakeWarning[] {
  const pairs = frames.flatMap(({ duration, timestamp }, frame) => {
    const gap = (frames[frame + 1]?.timestamp ?? Number.NaN) - (timestamp ?? Number.NaN);
    if (duration === undefined || !(gap > 0)) return [];
    const isClamped = duration <= CLAMP && gap < CLAMP;
    return [{ duration, gap: isClamped ? duration : gap }];
  });
  const shown = sum(pairs.map(({ duration }) => duration));
  const stamped = sum(pairs.map(({ gap }) => gap));
  const whole = sum(durations);
  const areKnown = frames.some(({ duration, timestamp }) => (duration ?? timestamp) !== undefined);
  const byTime = judge(shown, stamped, "the frames' timestamps");
  const byTotal = judge(whole, areKnown ? (total ?? 0) : 0, "metadata.json's total");
  const contradiction = byTime?.isContradiction ? byTime : byTotal;
  // Two that agree are believed against a total that nobody needs.
  const isOutvoted = contradiction === byTotal && shown > 0 && byTime === undefined;
  if (contradiction?.isContradiction && !isOutvoted) {
    throw new BakeError('TIMING_CONTRADICTORY', `${contradiction.message}.`);
  }
  return [byTime, byTotal].flatMap((one) =>
    one ? [{ code: 'TIMING_DIFFERS' as const, message: `${one.message}: durations are believed.` }] : [],
  );
}

function judge(shown: number, said: number, whose: string) {
  if (!(shown > 0 && said > 0) || areSame(shown, said)) return undefined;
  const message = `timing.json tells of ${seconds(shown)} s, ${whose} of ${seconds(said)} s`;
  return { message, isContradiction: Math.abs(shown - said) > CONTRADICTION };
}

function warnOfUnits(units: Units): BakeWarning[] {
  const changed = (['duration', 'timestamp', 'total'] as const).filter((of) => units[of] !== USUAL_UNITS[of]);
  if (changed.length === 0) return [];
  const said = changed.map((of) => `each ${of} in ${UNIT_NAMES[units[of]]}`).join(', ');
  return [{ code: 'TIMING_UNITS', message: `The tape gives ${said}: converted.` }];
}

function warnOfGaps(frames: readonly KnownFrame[], warnings: readonly BakeWarning[]): BakeWarning[] {
  const unknown = frames.filter(({ duration }) => duration === undefined).length;
  if (unknown === 0 || warnings.some(({ code }) => code === 'TIMING_MISSING')) return [];
  const message = `timing.json has no duration for ${unknown} of ${frames.length} frames: estimated.`;
  return [{ code: 'TIMING_PARTIAL', message }];
}

function timesInNames(): BakeWarning {
  return {
    code: 'TIMING_MISSING',
    message: "timing.json is missing: the times in the frames' names are taken.",
  };
}

/** The duration of each frame in milliseconds, if all are the same; `total` is in seconds, or in milliseconds. */
function evenDuration(frameCount: number, limits: Limits, total = 0): number {
  const plausible = [total * 1000, total].find((length) => {
    const each = length / frameCount;
    // 4 ms is a display of 240 Hz.
    return each >= 4 && each <= 1000 && length <= limits.seconds * 1000;
  });
  return plausible === undefined ? REFRESH : plausible / frameCount;
}

function checkLength(timing: Timing, limits: Limits): Timing {
  const total = sum(timing.durations);
  if (total <= limits.seconds * 1000 + REFRESH) return timing;
  throw limitError(limits, 'seconds', `The tape is ${seconds(total)} seconds long`);
}

function seconds(milliseconds: number): number {
  return round(milliseconds / 1000);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

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
