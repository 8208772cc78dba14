import { crc32 } from 'node:zlib';
import { BakeError } from '../errors.ts';
import { FRAME_SIDE_LIMIT, type Limits, limitError } from '../limits.ts';
import { unpackEntry, unpackHead } from './unpack-entry.ts';
import type { LocatedEntry, ZipEntry } from './zip-entry.ts';
import type { TapeFile } from './zip-file.ts';

/** Properties that all frames of a tape share. */
export interface FrameShape {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Whether pictures need an alpha channel: not all frames are 8-bit RGB. */
  readonly alpha: boolean;
}

/**
 * Checks the PNG header of every frame, to find a bad one before the work begins. `frames` are in order, and at least one. Throws
 * FRAME_NOT_PNG, FRAME_TOO_LARGE or FRAME_SIZE, or what is wrong with a damaged entry.
 */
export async function checkFrames(
  file: TapeFile,
  frames: readonly LocatedEntry[],
  limits: Limits,
): Promise<FrameShape> {
  let shape: FrameShape | undefined;
  for (const frame of frames) {
    const header = parsePngHeader(await unpackHead(file, frame, PNG_HEADER_BYTES));
    const fault = frameFault(frame.entry, header, shape, limits);
    if (fault) {
      // A header may look wrong because its entry is damaged. Reading the entry throws that error.
      await unpackEntry(file, frames[0]!.entry);
      await unpackEntry(file, frame.entry);
      throw fault;
    }
    const { width, height } = header!;
    shape = { width, height, alpha: !isOrdinary(header!, false) || (shape?.alpha ?? false) };
  }
  return shape!;
}

/** The error for a frame with this header, if any. `shape` is that of frame 0; undefined for frame 0 itself. Pure. */
export function frameFault(
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
    return limitError(limits, 'framePixels', `${size}, ${width * height} in all`);
  }
  if (shape && (width !== shape.width || height !== shape.height)) {
    return new BakeError('FRAME_SIZE', `${size}, but the first frame is ${shape.width}×${shape.height}.`);
  }
  return undefined;
}

/** The contents of a PNG's first 33 bytes. */
export interface PngHeader {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Bits of a channel's value, or of a palette's index. */
  readonly depth: number;
  readonly colour: Colour;
  readonly interlaced: boolean;
}

export type Colour = 'grey' | 'rgb' | 'palette' | 'grey-alpha' | 'rgba';

export const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const IHDR_LENGTH = 13;
/** Signature, and the IHDR chunk with its length, type and CRC-32. */
export const PNG_HEADER_BYTES = 33;

/** Colour types, and the bit depths of each (PNG specification, third edition, table 8). */
const COLOURS: Readonly<Record<number, { readonly colour: Colour; readonly depths: readonly number[] }>> = {
  0: { colour: 'grey', depths: [1, 2, 4, 8, 16] },
  2: { colour: 'rgb', depths: [8, 16] },
  3: { colour: 'palette', depths: [1, 2, 4, 8] },
  4: { colour: 'grey-alpha', depths: [8, 16] },
  6: { colour: 'rgba', depths: [8, 16] },
};

/** Reads signature and header (IHDR) of a PNG from its first 33 bytes or more; undefined for any other file. Pure. */
export function parsePngHeader(bytes: Buffer): PngHeader | undefined {
  if (bytes.length < PNG_HEADER_BYTES || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (bytes.readUInt32BE(8) !== IHDR_LENGTH || bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  if (bytes.readUInt32BE(29) !== crc32(bytes.subarray(12, 29))) return undefined;
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const [depth, type, compression, filter, interlace] = bytes.subarray(24, 29);
  const { colour, depths } = COLOURS[type!] ?? {};
  if (width === 0 || height === 0 || !colour || !depths?.includes(depth!)) return undefined;
  if (compression !== 0 || filter !== 0 || interlace! > 1) return undefined;
  return { width, height, depth: depth!, colour, interlaced: interlace === 1 };
}

/**
 * Whether the encoder reads such a frame as it is, in a video whose pictures all have an alpha channel, or none. Versions of ffmpeg
 * read other kinds of PNG differently, or not at all. (A tRNS chunk may still forbid it.)
 */
export function isOrdinary({ depth, colour, interlaced }: PngHeader, alpha: boolean): boolean {
  return depth === 8 && colour === (alpha ? 'rgba' : 'rgb') && !interlaced;
}
