/** What is wrong with a tape itself: baking it again can't help. */
export const TAPE_FAULTS = [
  'TAPE_NOT_FOUND', // no such file, or it can't be read
  'NOT_A_ZIP',
  'ZIP_TRUNCATED', // the directory points beyond the end of the file
  'ZIP_ENCRYPTED',
  'ZIP_UNSUPPORTED', // a compression other than store and deflate, or several disks
  'ZIP_CORRUPT', // its directory and its entries contradict each other
  'ENTRY_NAME', // anything but frames, timing.json, metadata.json and soundtrack.wav in the root
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
  'TAPE_OLD_FORMAT', // frame_<timestamp>.png of the older local download
  'FRAME_MISSING', // a hole in the numbering
  'FRAME_NOT_PNG',
  'FRAME_CORRUPT', // a PNG whose pixels can't be decoded
  'FRAME_SIZE', // not the size of frame 0
  'FRAME_TOO_LARGE', // in pixels
  'TIMING_NOT_JSON',
  'TIMING_NOT_ARRAY',
  'TIMING_NOT_NUMBER',
  'TIMING_NEGATIVE',
  'TIMING_LENGTH', // more entries than frames: frames were lost
] as const;

/** What is wrong with the machine or the moment: the same tape may bake later. */
export const PASSING_FAULTS = [
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
  ...PASSING_FAULTS,
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
  get passing(): boolean {
    return (PASSING_FAULTS as readonly string[]).includes(this.code);
  }
}

/** The error for a PNG whose header is right and whose pixels can't be decoded, whoever found that out. */
export function frameCorrupt(cause: unknown): BakeError {
  return new BakeError('FRAME_CORRUPT', 'A frame of the tape is a PNG that can not be decoded.', { cause });
}

/** Something unusual that was dealt with: the bake went on, and its report says so. */
export interface BakeWarning {
  readonly code: BakeWarningCode;
  readonly message: string;
}

export type BakeWarningCode =
  | 'TIMING_MISSING' // uniform time instead
  | 'TIMING_PARTIAL' // the gaps were filled
  | 'SOUND_UNREADABLE' // left out
  | 'SOUND_NOT_NUMBERS' // NaN or infinite samples are silent
  | 'SOUND_LONGER' // cut where the video ends
  | 'SOUND_SHORTER' // silence at the end
  | 'SCALE_REDUCED'; // the scale asked for would exceed what players decode
