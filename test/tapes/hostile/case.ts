import type { Limits } from '../../../service/bake/limits.ts';
import type { TapeCode } from '../../../service/errors.ts';
import { frameEntryName, jsonEntry, png, tapeEntries, withEntries } from './parts.ts';
import { type Entry, zip } from './zip.ts';

/** A tape that must be refused, and the error. It is opened with `limits` where the usual ones would need more bytes. */
export interface HostileTape {
  /** Its fault in words, for the test's title. */
  readonly what: string;
  readonly code: TapeCode;
  /** Parts that the message must have, such as the entry's name and the numbers. */
  readonly says?: RegExp;
  readonly limits?: Partial<Limits>;
  /** The bytes of the file. */
  readonly make: () => Buffer;
}

/** The frame that most cases change: the middle one of an honest tape's three. */
export const frame1 = frameEntryName(1);

/** A small tape without a fault. */
export function honest(): Buffer {
  return zip(tapeEntries());
}

/** The honest tape with some entries changed or added. */
export function tapeWith(...changes: readonly Entry[]): Buffer {
  return zip(withEntries(tapeEntries(), ...changes));
}

/** Frame 1 with some fields changed. */
export function frameWith(change: Partial<Entry>): Entry {
  return { name: frame1, data: png(), ...change };
}

/** The honest tape with another timing.json: a value, or a text that is written unchanged. */
export function timed(timing: unknown): Buffer {
  return tapeWith(jsonEntry('timing.json', timing));
}
