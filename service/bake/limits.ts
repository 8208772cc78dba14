import type { TapeCode } from '../errors.ts';
import { BakeError } from './errors.ts';

/** One row of the table of limits. */
export interface Limit {
  /** The variable that sets it, for the service and for `oven bake`. */
  readonly variable: `MAX_${string}`;
  /** What the variable may be and what it is when left out, in `unit`. */
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Unit of the variable. In `Limits`, MiB become bytes; other units stay. */
  readonly unit: keyof typeof UNITS;
  /** What is measured, for help texts and docs. */
  readonly bounds: string;
  /** Code of the error for a tape beyond the limit. */
  readonly code: TapeCode;
}

const UNITS = { MiB: 1024 * 1024, seconds: 1, frames: 1, pixels: 1 };

/** What a tape may weigh and measure at most. Types, variables, help texts and docs follow from this table. */
export const LIMITS = {
  zipBytes: {
    variable: 'MAX_ZIP_MB',
    default: 256,
    min: 1,
    max: 4000,
    unit: 'MiB',
    bounds: 'size of the ZIP file',
    code: 'TAPE_TOO_LARGE',
  },
  unzippedBytes: {
    variable: 'MAX_UNZIPPED_MB',
    default: 1024,
    min: 1,
    max: 100_000,
    unit: 'MiB',
    bounds: 'size of all unpacked entries',
    code: 'TAPE_TOO_LARGE',
  },
  seconds: {
    variable: 'MAX_TAPE_SECONDS',
    default: 60,
    min: 1,
    max: 3600,
    unit: 'seconds',
    bounds: 'length of the tape',
    code: 'TAPE_TOO_LONG',
  },
  frames: {
    variable: 'MAX_FRAMES',
    default: 4000,
    min: 1,
    max: 100_000,
    unit: 'frames',
    bounds: 'whole tape',
    code: 'TAPE_TOO_MANY_FRAMES',
  },
  framePixels: {
    variable: 'MAX_FRAME_PIXELS',
    default: 2_097_152,
    min: 1,
    max: 67_108_864,
    unit: 'pixels',
    bounds: 'width × height of a frame',
    code: 'FRAME_TOO_LARGE',
  },
  tapePixels: {
    variable: 'MAX_TAPE_PIXELS',
    default: 12_000_000_000,
    min: 1,
    max: 1_000_000_000_000,
    unit: 'pixels',
    bounds: 'total of all outputs (pictures × width × height)',
    code: 'TAPE_TOO_MANY_PIXELS',
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof LIMITS;

/** The limits of one bake: sizes in bytes, all else in the unit of the table. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Limits from values in the units of the table. */
export function toLimits(amountOf: (limit: (typeof LIMITS)[LimitName]) => number): Limits {
  const entries = Object.entries(LIMITS).map(([name, row]) => [name, amountOf(row) * UNITS[row.unit]]);
  return Object.fromEntries(entries) as Limits;
}

export const DEFAULT_LIMITS: Limits = toLimits((limit) => limit.default);

/** Seconds that a bake may take, unless told otherwise. */
export const BAKE_TIMEOUT_SECONDS = 300;

/** Pixels of a frame's longer side at most. No variable changes it: H.264 itself ends at 8,688 (level 5.2). */
export const FRAME_SIDE_LIMIT = 8192;

/** The error for a tape beyond a limit. `found` says what the tape has, such as `The tape has 5000 frames`. */
export function limitError(limits: Limits, name: LimitName, found: string): BakeError {
  return new BakeError(LIMITS[name].code, `${found}; at most ${limits[name]} are allowed.`);
}
