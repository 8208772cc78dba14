/** What is wrong with a tape itself: baking it again can't help. */
export const TAPE_FAULTS = [
  'TAPE_NOT_FOUND', // no such file, or it can't be read
  'NOT_A_ZIP',
  'ZIP_TRUNCATED', // the directory points beyond the end of the file
  'ZIP_ENCRYPTED',
  'ZIP_UNSUPPORTED', // a compression other than store and deflate, or several disks
  'ZIP_CORRUPT', // its directory and its entries contradict each other
  'ENTRY_NAME', // a name that leads out of the tape: ../, absolute, a drive; or one that differs in the entry's own header
  'ENTRY_DUPLICATE',
  'ENTRY_OVERLAP', // two entries share bytes of the file
  'ENTRY_SIZE', // an entry holds more or fewer bytes than it says
  'ENTRY_CRC',
  'ENTRY_RATIO', // a decompression bomb
  'ENTRY_TOO_LARGE',
  'TAPE_TOO_LARGE', // the ZIP, or what it unpacks to
  'TAPE_TOO_LONG', // in seconds
  'TAPE_TOO_MANY_FRAMES',
  'TAPE_NO_FRAMES',
  'TAPE_AMBIGUOUS', // frames in two folders, or named in two ways: which are the tape?
  'FRAME_MISSING', // a hole in the numbering
  'FRAME_NOT_PNG',
  'FRAME_CORRUPT', // a PNG whose pixels can't be decoded
  'FRAME_SIZE', // not the size of frame 0
  'FRAME_TOO_LARGE', // in pixels
  'TIMING_NOT_JSON',
  'TIMING_NOT_ARRAY',
  'TIMING_NOT_NUMBER',
  'TIMING_NEGATIVE',
  'TIMING_LENGTH', // two entries more than frames, or yet more: frames were lost
  'TIMING_CONTRADICTORY', // durations, timestamps and metadata.json's total tell of different tapes
] as const;

/** What is wrong with the machine or the moment: the same tape may bake later. */
export const RETRYABLE_FAULTS = [
  'DISK_FULL',
  'TEMP_DIR_UNUSABLE', // missing, or not writable
  'OUTPUT_NOT_WRITABLE', // the folder for the finished files can't be made or written to
  'FFMPEG_MISSING',
  'FFMPEG_FAILED', // killed for want of memory, as a rule
  'FFMPEG_STALLED', // no progress for too long
  'BAKE_TIMEOUT', // the machine may have had too much to do
  'BAKE_ABORTED',
  'MACHINE_BUSY', // too little memory, or too many processes or open files
] as const;

/** What goes wrong in a bake through no fault of the tape. */
export const BAKE_FAULTS = [
  ...RETRYABLE_FAULTS,
  'VERIFY_FAILED', // the video made is not the video planned: it would be so the next time, until Oven is mended
] as const;

export type TapeFault = (typeof TAPE_FAULTS)[number];
export type BakeFault = (typeof BAKE_FAULTS)[number];
export type BakeErrorCode = TapeFault | BakeFault;

/**
 * The one error that a bake throws on purpose. `message` is fit to be shown to anybody: it names entries of the
 * tape, never a path of the machine or a secret. What is not a BakeError is a bug.
 */
export class BakeError extends Error {
  override readonly name = 'BakeError';
  readonly code: BakeErrorCode;

  constructor(code: BakeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same tape may bake later. */
  get retryable(): boolean {
    return (RETRYABLE_FAULTS as readonly string[]).includes(this.code);
  }
}

/** The error for a PNG whose header is right and whose pixels can't be decoded, whoever found that out. */
export function frameCorrupt(cause: unknown): BakeError {
  return new BakeError('FRAME_CORRUPT', 'A frame of the tape is a PNG that can not be decoded.', { cause });
}

/** What may be unusual about a tape that is baked all the same. */
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

/** Something unusual that was dealt with: the bake went on, and its report says so. */
export interface BakeWarning {
  readonly code: BakeWarningCode;
  readonly message: string;
}
