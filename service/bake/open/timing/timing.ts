import { BakeError, type BakeWarning } from '../../errors.ts';
import { type Limits, limitError } from '../../limits.ts';
import { readEntries } from './entries.ts';
import { matchEntriesToFrames } from './order.ts';
import { areSame, detectUnits, type Measures, type Units, USUAL_UNITS } from './units.ts';

/** The duration of each frame, and warnings of what was unusual in timing.json. */
export interface Timing {
  /** Milliseconds for each frame, ≥ 0. Their sum is > 0. */
  readonly durations: readonly number[];
  readonly warnings: readonly BakeWarning[];
}

/** The numbers in the frames' names. */
export interface NamedFrames {
  /** In the order shown; at least one. */
  readonly frameValues: readonly number[];
  /** Whether the numbers are milliseconds of any clock. */
  readonly areTimes: boolean;
}

/** The shortest length of a tape, in milliseconds. Less counts as unknown. */
const MIN_LENGTH = 1;
/** One refresh of a display, in milliseconds. The recorder gives the last frame this duration. */
const REFRESH = 1000 / 60;
/** The shortest duration that the recorder gives a frame, in milliseconds. */
const CLAMP = 10;
/** Measures that differ by a quarter and by more than this, in milliseconds, contradict each other. */
const CONTRADICTION = 1000;
const UNIT_NAMES: Readonly<Record<number, string>> = {
  1000: 'seconds',
  1: 'milliseconds',
  0.001: 'microseconds',
  0.000001: 'nanoseconds',
};

/**
 * Turns timing.json (undefined where the tape has none) into a duration for each frame. Durations count more than timestamps, and
 * timestamps more than `total` of metadata.json. Other units are converted, and gaps are filled, each with a warning. Throws a TIMING_…
 * code, or TAPE_TOO_LONG. Pure.
 *
 * A frame of 0 ms is allowed, and never seen. A tape whose frames are all 0 ms is timed as if it had no durations.
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
    if (areTimes) return toTiming({ ...timesOf(frameValues), total }, even, limits, [warnOfTimesInNames()]);
    const message = `timing.json is missing: every frame is shown for ${round(even)} ms.`;
    const durations = new Array<number>(frameValues.length).fill(even);
    return checkLength({ durations, warnings: [{ code: 'TIMING_MISSING', message }] }, limits);
  }
  const matched = matchEntriesToFrames(readEntries(bytes, frameValues.length + 1, limits), frameValues);
  const durations = matched.entries.map((entry) => entry?.duration);
  const stamps = matched.entries.map((entry) => entry?.timestamp);
  const timestamps = areTimes && stamps.every((stamp) => stamp === undefined) ? frameValues : stamps;
  return toTiming({ durations, timestamps, total, end: matched.end }, even, limits, matched.warnings);
}

interface Known extends Measures {
  readonly end?: number | undefined;
}

/** Durations from measures in any units. */
function toTiming(known: Known, even: number, limits: Limits, warnings: readonly BakeWarning[]): Timing {
  const units = detectUnits(known);
  let frames: KnownFrame[] = known.durations.map((duration, frame) => ({
    duration: toMilliseconds(duration, units.duration),
    timestamp: toMilliseconds(known.timestamps[frame], units.timestamp),
  }));
  const total = toMilliseconds(known.total, units.total);
  if (sum(frames.map(({ duration = 0 }) => duration)) < MIN_LENGTH) {
    frames = frames.map(({ timestamp }) => ({ timestamp }));
  }
  let durations = fillGaps(frames, { even, total, end: toMilliseconds(known.end, units.timestamp) });
  if (sum(durations) < MIN_LENGTH) durations = durations.map(() => even);
  const found = [...warnings, ...warnOfUnits(units), ...warnOfGaps(frames, warnings)];
  checkLength({ durations, warnings: [] }, limits);
  return { durations, warnings: [...found, ...checkAgreement(frames, durations, total)] };
}

function toMilliseconds(value: number | undefined, unit: number): number | undefined {
  return value === undefined ? undefined : value * unit;
}

function timesOf(frameValues: readonly number[]): Omit<Measures, 'total'> {
  return { durations: frameValues.map(() => undefined), timestamps: frameValues };
}

/** Compares durations, timestamps and total. Throws TIMING_CONTRADICTORY, or warns of a smaller difference. */
function checkAgreement(
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
  const byTime = compare(shown, stamped, "the frames' timestamps");
  const byTotal = compare(whole, areKnown ? (total ?? 0) : 0, "metadata.json's total");
  const contradiction = byTime?.isContradiction ? byTime : byTotal;
  // Durations and timestamps that agree count more than a total.
  const isOutvoted = contradiction === byTotal && shown > 0 && byTime === undefined;
  if (contradiction?.isContradiction && !isOutvoted) {
    throw new BakeError('TIMING_CONTRADICTORY', `${contradiction.message}.`);
  }
  return [byTime, byTotal].flatMap((one) =>
    one ? [{ code: 'TIMING_DIFFERS' as const, message: `${one.message}: durations are believed.` }] : [],
  );
}

function compare(shown: number, measured: number, whose: string) {
  if (!(shown > 0 && measured > 0) || areSame(shown, measured)) return undefined;
  const message = `timing.json tells of ${seconds(shown)} s, ${whose} of ${seconds(measured)} s`;
  return { message, isContradiction: Math.abs(shown - measured) > CONTRADICTION };
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

function warnOfTimesInNames(): BakeWarning {
  return {
    code: 'TIMING_MISSING',
    message: "timing.json is missing: the times in the frames' names are taken.",
  };
}

/** The duration of each frame, in milliseconds, where all are the same. `total` is in seconds or milliseconds. */
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

/** The known times of a frame. */
export interface KnownFrame {
  /** Milliseconds for which it is shown. */
  readonly duration?: number | undefined;
  /** The time of its capture, in milliseconds of any clock; finite. */
  readonly timestamp?: number | undefined;
}

/** The known times of the whole tape. */
export interface KnownTape {
  /** The duration of each frame, in milliseconds, where all are the same. */
  readonly even: number;
  /** The end of the last frame, by the timestamps' clock. */
  readonly end?: number | undefined;
  /** Milliseconds of all frames. */
  readonly total?: number | undefined;
}

/** The longest duration, in milliseconds, by a gap of timestamps. A longer one means that the clock was changed. */
const MAX_SHARE = 10_000;
/** The shortest duration, in milliseconds, by the rest of the total: that of 240 Hz. A shorter one is an effect of rounding. */
const MIN_REST = 4;

/**
 * A duration in milliseconds for every frame. Frames without one share the time between the timestamps around them evenly, where both
 * are known and run forward. Other frames share the rest of the tape's total, or get the median of the others, or `even`. Pure.
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
    const each = share > 0 && share <= MAX_SHARE ? share : undefined;
    for (let frame = first; frame < after; frame++) durations.push(each);
  }
  return durations;
}

/** The share of each unknown frame in the rest of the total. */
function restOf(durations: readonly (number | undefined)[], total: number | undefined): number | undefined {
  const known = durations.filter((duration) => duration !== undefined);
  if (total === undefined || known.length === 0) return undefined;
  const rest = total - known.reduce((sum, duration) => sum + duration, 0);
  const each = rest / (durations.length - known.length);
  return each >= MIN_REST && each <= MAX_SHARE ? each : undefined;
}

/** The first frame after `first` with a known time; the number of frames if there is none. */
function endOfGap(frames: readonly KnownFrame[], first: number): number {
  let after = first + 1;
  while (after < frames.length && isUnknown(frames[after]!)) after++;
  return after;
}

/** The time of frame `first`, if need be from the time and duration of the frame before it; NaN where unknown. */
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
