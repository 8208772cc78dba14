import { BakeError } from '../../errors.ts';
import type { Limits } from '../../limits.ts';
import { printableName } from '../contents.ts';
import { JsonBoundError, parseJson } from '../json.ts';

/** One entry of timing.json, in its own units. */
export interface TimingEntry {
  /** The number in the name of the frame's file. */
  readonly fileValue: number | undefined;
  /** The number of the frame, from 0 or 1. */
  readonly frame: number | undefined;
  /** ≥ 0. */
  readonly duration: number | undefined;
  readonly timestamp: number | undefined;
}

/** Names of the array of entries where it is inside an object. */
const ARRAY_NAMES = ['frames', 'timing', 'entries'] as const;
/** A plain number from this on is a time since 1970, in any unit. */
const FIRST_EPOCH_TIME = 1e9;
/** Last characters of a file name that are read. */
const NAME_CHARACTERS = 255;
/** JSON values for each entry at most. The recorder writes four. */
const MAX_VALUES_PER_ENTRY = 20;
const OTHER_VALUES = 1000;
const EMPTY: TimingEntry = {
  fileValue: undefined,
  frame: undefined,
  duration: undefined,
  timestamp: undefined,
};

/**
 * Reads timing.json: an array of objects or of durations, or an object with such an array. Throws TIMING_NOT_JSON, TIMING_NOT_ARRAY,
 * TIMING_NOT_NUMBER, TIMING_NEGATIVE, or TIMING_LENGTH for more than `maxEntries` entries. Pure.
 */
export function readEntries(bytes: Buffer, maxEntries: number, limits: Limits): TimingEntry[] {
  const entries = arrayIn(parse(bytes, limits));
  if (!entries) {
    throw new BakeError('TIMING_NOT_ARRAY', 'timing.json is not an array, nor an object with one.');
  }
  if (entries.length > maxEntries) {
    const message = `timing.json has ${entries.length} entries, but the tape has ${maxEntries - 1} frames.`;
    throw new BakeError('TIMING_LENGTH', message);
  }
  return entries.map(readEntry);
}

function parse(bytes: Buffer, { frames }: Limits): unknown {
  try {
    return parseJson(bytes, frames * MAX_VALUES_PER_ENTRY + OTHER_VALUES);
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
  const usual = ARRAY_NAMES.map((name) => object[name]).find(Array.isArray);
  if (usual) return usual;
  const arrays = Object.values(object).filter(Array.isArray);
  return arrays.length === 1 ? arrays[0] : undefined;
}

function readEntry(entry: unknown, index: number): TimingEntry {
  if (entry === null) return EMPTY;
  if (typeof entry === 'number' || typeof entry === 'string') {
    const isTime = Number(entry) >= FIRST_EPOCH_TIME && Number(entry) !== Number.POSITIVE_INFINITY;
    return isTime
      ? { ...EMPTY, timestamp: Number(entry) }
      : { ...EMPTY, duration: readDuration(entry, index, false) };
  }
  if (typeof entry !== 'object' || Array.isArray(entry)) throw notNumber(index, 'is not an object');
  const { frame, filename, duration, timestamp } = entry as Record<string, unknown>;
  const time = finite(timestamp);
  return {
    fileValue: typeof filename === 'string' ? fileValueOf(filename) : undefined,
    frame: finite(frame),
    duration: readDuration(duration, index, time !== undefined),
    timestamp: time,
  };
}

/** A wrong duration counts as missing where the entry has a timestamp. Otherwise it is refused. */
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

/** The last number in a file's name, before its ending. Folder, case and ending may differ from those in the ZIP. */
function fileValueOf(filename: string): number | undefined {
  const digits = /(\d{1,20}(?:\.\d{1,20})?)(?:\.[a-z]\w*)?$/i.exec(filename.slice(-NAME_CHARACTERS))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The value as a finite number, which may be written as a string; undefined for any other value. */
function finite(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function notNumber(index: number, what: string): BakeError {
  return new BakeError('TIMING_NOT_NUMBER', `Entry ${index} of timing.json ${what}.`);
}
