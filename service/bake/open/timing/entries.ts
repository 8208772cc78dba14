import { BakeError } from '../../errors.ts';
import type { Limits } from '../../limits.ts';
import { printableName } from '../contents.ts';
import { JsonBoundError, parseJson } from '../json.ts';

/** What one entry of timing.json says, in its own units. */
export interface TimingEntry {
  /** The number in the name of the frame's file. */
  readonly fileValue: number | undefined;
  /** The number of the frame, from 0 or 1. */
  readonly frame: number | undefined;
  /** ≥ 0. */
  readonly duration: number | undefined;
  readonly timestamp: number | undefined;
}

/** What the array of entries is called where it is within an object. */
const USUAL_NAMES = ['frames', 'timing', 'entries'] as const;
/** A number by itself above this is a moment since 1970, in any unit. */
const EPOCH = 1e9;
/** Characters of a name that are looked at. */
const NAME_LENGTH = 255;
/** Numbers, strings and so on for each entry: the recorder writes four. */
const VALUES_PER_ENTRY = 20;
const SOME_VALUES = 1000;
const NOTHING: TimingEntry = {
  fileValue: undefined,
  frame: undefined,
  duration: undefined,
  timestamp: undefined,
};

/**
 * Reads timing.json as it is written: an array of objects or of durations, or an object with that array in it. At most
 * `most` entries. Throws TIMING_NOT_JSON, TIMING_NOT_ARRAY, TIMING_NOT_NUMBER, TIMING_NEGATIVE or TIMING_LENGTH.
 */
export function readEntries(bytes: Buffer, most: number, limits: Limits): TimingEntry[] {
  const entries = arrayIn(parse(bytes, limits));
  if (!entries) {
    throw new BakeError('TIMING_NOT_ARRAY', 'timing.json is not an array, nor an object with one.');
  }
  if (entries.length > most) {
    const message = `timing.json has ${entries.length} entries, but the tape has ${most - 1} frames.`;
    throw new BakeError('TIMING_LENGTH', message);
  }
  return entries.map(readEntry);
}

function parse(bytes: Buffer, { frames }: Limits): unknown {
  try {
    return parseJson(bytes, frames * VALUES_PER_ENTRY + SOME_VALUES);
  } catch (cause) {
    const why = cause instanceof JsonBoundError ? cause.message : 'is not JSON';
    throw new BakeError('TIMING_NOT_JSON', `timing.json ${why}.`, { cause });
  }
}

function arrayIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) {
    return Array.isArray(value) ? value : undefined;
  }
  const object = value as Record<string, unknown>;
  const usual = USUAL_NAMES.map((name) => object[name]).find(Array.isArray);
  if (usual) return usual;
  const arrays = Object.values(object).filter(Array.isArray);
  return arrays.length === 1 ? arrays[0] : undefined;
}

function readEntry(entry: unknown, index: number): TimingEntry {
  if (entry === null) return NOTHING;
  if (typeof entry === 'number' || typeof entry === 'string') {
    const isMoment = Number(entry) >= EPOCH && Number(entry) !== Number.POSITIVE_INFINITY;
    return isMoment
      ? { ...NOTHING, timestamp: Number(entry) }
      : { ...NOTHING, duration: readDuration(entry, index, false) };
  }
  if (typeof entry !== 'object' || Array.isArray(entry)) throw notNumber(index, 'is not an object');
  const { frame, filename, duration, timestamp } = entry as Record<string, unknown>;
  const when = finite(timestamp);
  return {
    fileValue: typeof filename === 'string' ? fileValueOf(filename) : undefined,
    frame: finite(frame),
    duration: readDuration(duration, index, when !== undefined),
    timestamp: when,
  };
}

/** A wrong duration is as if missing where a timestamp beside it tells, and else refused. */
function readDuration(value: unknown, index: number, hasTimestamp: boolean): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = finite(value);
  if (number !== undefined && number >= 0) return number + 0; // not -0
  if (hasTimestamp && (typeof value === 'number' || typeof value === 'string')) return undefined;
  if (number === undefined) {
    const said = typeof value === 'object' ? '' : ` (${printableName(String(value))})`;
    throw notNumber(index, `has a duration that is not a finite number${said}`);
  }
  const message = `The duration in entry ${index} of timing.json is negative (${number}).`;
  throw new BakeError('TIMING_NEGATIVE', message);
}

/** The last number in a file's name, before its ending: its folder, its case and its ending may differ from those in the ZIP. */
function fileValueOf(filename: string): number | undefined {
  const digits = /(\d{1,20}(?:\.\d{1,20})?)(?:\.[a-z]\w*)?$/i.exec(filename.slice(-NAME_LENGTH))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A finite number, or one written as a string. */
function finite(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function notNumber(index: number, what: string): BakeError {
  return new BakeError('TIMING_NOT_NUMBER', `Entry ${index} of timing.json ${what}.`);
}
