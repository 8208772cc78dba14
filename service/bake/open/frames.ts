import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { ZipEntry } from './entry.ts';
import type { TapeFile } from './file.ts';
import type { Located } from './locate.ts';
import { isOrdinary, PNG_HEADER_BYTES, type PngHeader, parsePngHeader } from './png.ts';
import { unpack, unpackHead } from './unpack.ts';

/** What all frames of a tape have in common. */
export interface FrameShape {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Whether pictures need an alpha channel: not all frames are 8-bit RGB. */
  readonly alpha: boolean;
}

/** Pixels of a frame's longer side at most. H.264 itself ends at 8,688 (level 5.2). */
export const FRAME_SIDE_LIMIT = 8192;

/**
 * Looks at the PNG header of every frame, so that a bad one is found before the work begins. Frames are in order and at
 * least one. Throws FRAME_NOT_PNG, FRAME_TOO_LARGE or FRAME_SIZE, or what is wrong with the entry if it is damaged.
 */
export async function checkFrames(
  file: TapeFile,
  frames: readonly Located[],
  limits: Limits,
): Promise<FrameShape> {
  let shape: FrameShape | undefined;
  for (const frame of frames) {
    const header = parsePngHeader(await unpackHead(file, frame, PNG_HEADER_BYTES));
    const fault = faultOf(frame.entry, header, shape, limits);
    if (fault) {
      // A header may look wrong because the tape is damaged: that is what to say then.
      await unpack(file, frames[0]!.entry);
      await unpack(file, frame.entry);
      throw fault;
    }
    const { width, height } = header!;
    shape = { width, height, alpha: !isOrdinary(header!, false) || (shape?.alpha ?? false) };
  }
  return shape!;
}

/** What is wrong with a frame whose header this is; `shape` is frame 0's, or undefined for frame 0 itself. */
export function faultOf(
  { name }: ZipEntry,
  header: PngHeader | undefined,
  shape: FrameShape | undefined,
  limits: Limits,
): BakeError | undefined {
  if (!header) return new BakeError('FRAME_NOT_PNG', `${name} is not a PNG image.`);
  const { width, height } = header;
  const size = `${name} is ${width}×${height} pixels`;
  if (Math.max(width, height) > FRAME_SIDE_LIMIT) {
    return new BakeError('FRAME_TOO_LARGE', `${size}; at most ${FRAME_SIDE_LIMIT} on a side are allowed.`);
  }
  if (width * height > limits.framePixels) {
    const message = `${size}, ${width * height} in all; at most ${limits.framePixels} are allowed.`;
    return new BakeError('FRAME_TOO_LARGE', message);
  }
  if (shape && (width !== shape.width || height !== shape.height)) {
    return new BakeError('FRAME_SIZE', `${size}, but the first frame is ${shape.width}×${shape.height}.`);
  }
  return undefined;
}
