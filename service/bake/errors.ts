import { type BakeCode, OvenError } from '../errors.ts';

/** The one error that a bake throws on purpose: `message` names entries of the tape. */
export class BakeError extends OvenError<BakeCode> {
  override readonly name = 'BakeError';
}

/** The last lines of the encoder, as the cause of an error. */
export class EncoderOutput extends Error {
  override readonly name = 'EncoderOutput';
}

/** The error for a PNG whose header is right and whose pixels can't be decoded. */
export function frameCorrupt(cause: unknown): BakeError {
  return new BakeError('FRAME_CORRUPT', undefined, { cause });
}

/** What is unusual about a tape that is baked nevertheless. */
export const BAKE_WARNINGS = [
  'ZIP_SURROUNDED', // bytes before or after the ZIP were ignored
  'ENTRIES_IGNORED', // files that are no part of a tape
  'FRAMES_RENUMBERED', // they don't begin at 0
  'TIMING_MISSING', // the times in the frames' names, or uniform time instead
  'TIMING_PARTIAL', // the gaps were filled
  'TIMING_REORDERED', // it says in two ways which entry is whose, or in none
  'TIMING_UNITS', // seconds or microseconds were converted
  'TIMING_DIFFERS', // durations were believed, though timestamps or metadata.json's total say otherwise
  'SOUND_UNREADABLE', // left out
  'SOUND_NOT_NUMBERS', // NaN or infinite samples are silent
  'SOUND_LONGER', // cut where the video ends
  'SOUND_SHORTER', // silence at the end
  'SCALE_REDUCED', // the scale asked for would exceed what players decode
] as const;

export type BakeWarningCode = (typeof BAKE_WARNINGS)[number];

/** Something unusual that the bake could deal with. Its report has the warnings. */
export interface BakeWarning {
  readonly code: BakeWarningCode;
  readonly message: string;
}
