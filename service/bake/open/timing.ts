import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { fillGaps, type KnownFrame } from './gaps.ts';

/** How long each frame is shown, and what was unusual about finding that out. */
export interface Timing {
  /** Milliseconds, one per frame, each ≥ 0 and their sum > 0. */
  readonly durations: readonly number[];
  readonly warnings: readonly BakeWarning[];
}

/** Below this, in milliseconds, a tape has no duration worth the name. */
const NO_TIME = 1;
/** Rounding of a sum of a few thousand floats, generously, in milliseconds. */
const ROUNDING = 0.001;

/**
 * Turns timing.json (or undefined where the tape has none) into a duration for each of `frameCount` frames. What is
 * missing is filled in, with a warning: from the neighbours' timestamps, else the usual duration, else `totalSeconds`
 * of metadata.json, else 60 frames a second. What is wrong throws a TIMING_… code, or TAPE_TOO_LONG.
 *
 * A frame of 0 ms is permitted: it is never seen. A tape whose frames are all 0 ms is timed as if nothing were known.
 */
export function parseTiming(
  bytes: Buffer | undefined,
  frameCount: number,
  limits: Limits,
  totalSeconds?: number,
): Timing {
  const even = evenDuration(frameCount, limits, totalSeconds);
  if (bytes === undefined) {
    const message = `timing.json is missing: every frame is shown for ${round(even)} ms.`;
    const durations = new Array<number>(frameCount).fill(even);
    return checkTotal({ durations, warnings: [{ code: 'TIMING_MISSING', message }] }, limits);
  }
  const entries = readEntries(bytes, frameCount);
  const { byFrame, repeats } = placeEntries(entries);
  let known: KnownFrame[] = Array.from({ length: frameCount }, (_, frame) => byFrame.get(frame) ?? {});
  const total = known.reduce((sum, { duration = 0 }) => sum + duration, 0);
  if (total < NO_TIME) known = known.map(({ timestamp }) => ({ timestamp }));

  const unknown = known.filter(({ duration }) => duration === undefined).length;
  const durations = fillGaps(known, even);
  const warnings: BakeWarning[] = [];
  if (unknown > 0) {
    const message = `timing.json has no duration for ${unknown} of ${frameCount} frames: estimated.`;
    warnings.push({ code: 'TIMING_PARTIAL', message });
  }
  if (repeats) {
    const message = 'timing.json names a frame twice: its entries are taken in the order they are written.';
    warnings.push({ code: 'TIMING_PARTIAL', message });
  }
  return checkTotal({ durations, warnings }, limits);
}

interface TimingEntry extends KnownFrame {
  /** As the entry says; undefined where it is no number of a frame of this tape. */
  readonly frame: number | undefined;
}

function readEntries(bytes: Buffer, frameCount: number): TimingEntry[] {
  const entries = parseJson(bytes);
  if (!Array.isArray(entries)) throw new BakeError('TIMING_NOT_ARRAY', 'timing.json is not an array.');
  if (entries.length > frameCount) {
    const message = `timing.json has ${entries.length} entries, but the tape has ${frameCount} frames.`;
    throw new BakeError('TIMING_LENGTH', message);
  }
  return entries.map((entry: unknown, index) => readEntry(entry, index, frameCount));
}

function readEntry(entry: unknown, index: number, frameCount: number): TimingEntry {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new BakeError(
      'TIMING_NOT_NUMBER',
      `Entry ${index} of timing.json is not an object with a duration.`,
    );
  }
  const { frame, duration, timestamp } = entry as Record<string, unknown>;
  if (duration !== undefined && !isFiniteNumber(duration)) {
    throw new BakeError(
      'TIMING_NOT_NUMBER',
      `The duration in entry ${index} of timing.json is not a finite number.`,
    );
  }
  if (duration !== undefined && duration < 0) {
    const message = `The duration in entry ${index} of timing.json is negative (${duration} ms).`;
    throw new BakeError('TIMING_NEGATIVE', message);
  }
  const isFrame = isFiniteNumber(frame) && Number.isInteger(frame) && frame >= 0 && frame < frameCount;
  return {
    frame: isFrame ? frame : undefined,
    duration: duration === 0 ? 0 : duration, // not -0
    timestamp: isFiniteNumber(timestamp) ? timestamp : undefined,
  };
}

/** By the frame that each entry names, where all do and none twice; else by its place in the array. */
function placeEntries(entries: readonly TimingEntry[]) {
  const named = new Map<number, TimingEntry>();
  for (const entry of entries) if (entry.frame !== undefined) named.set(entry.frame, entry);
  if (named.size === entries.length) return { byFrame: named, repeats: false };
  const repeats = entries.every(({ frame }) => frame !== undefined);
  return { byFrame: new Map(entries.entries()), repeats };
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (isJsonButForNaN(text)) {
      throw new BakeError('TIMING_NOT_NUMBER', 'timing.json holds NaN or Infinity as a value.', { cause });
    }
    throw new BakeError('TIMING_NOT_JSON', 'timing.json is not JSON.', { cause });
  }
}

/** Some JSON writers write NaN and Infinity, which JSON doesn't have: worth another message than "not JSON". */
function isJsonButForNaN(text: string): boolean {
  try {
    JSON.parse(text.replace(/(?<=[[:,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, 'null'));
    return true;
  } catch {
    return false;
  }
}

/** The duration of each frame in milliseconds, if all are the same. */
function evenDuration(frameCount: number, limits: Limits, totalSeconds: number | undefined): number {
  const each = ((totalSeconds ?? 0) * 1000) / frameCount;
  // 4 ms is a display of 240 Hz. More than a second means that the total is not in seconds.
  const isPlausible = each >= 4 && each <= 1000 && (totalSeconds ?? 0) <= limits.seconds;
  return isPlausible ? each : 1000 / 60;
}

function checkTotal(timing: Timing, limits: Limits): Timing {
  const total = timing.durations.reduce((sum, duration) => sum + duration, 0);
  if (total <= limits.seconds * 1000 + ROUNDING) return timing;
  const message = `The tape is ${round(total / 1000)} seconds long; at most ${limits.seconds} are allowed.`;
  throw new BakeError('TAPE_TOO_LONG', message);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
