import { crc32 } from 'node:zlib';

/** What a PNG's first 33 bytes tell. */
export interface PngHeader {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Bits of a sample, or of a palette's index. */
  readonly depth: number;
  readonly colour: Colour;
  readonly interlaced: boolean;
}

export type Colour = 'grey' | 'rgb' | 'palette' | 'grey-alpha' | 'rgba';

export const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const IHDR_LENGTH = 13;
/** Signature, and the IHDR chunk with its length, type and CRC-32. */
export const PNG_HEADER_BYTES = 33;

/** Colour types, and the bit depths each may have (PNG specification, third edition, table 8). */
const COLOURS: Readonly<Record<number, { readonly colour: Colour; readonly depths: readonly number[] }>> = {
  0: { colour: 'grey', depths: [1, 2, 4, 8, 16] },
  2: { colour: 'rgb', depths: [8, 16] },
  3: { colour: 'palette', depths: [1, 2, 4, 8] },
  4: { colour: 'grey-alpha', depths: [8, 16] },
  6: { colour: 'rgba', depths: [8, 16] },
};

/** Reads the signature and header (IHDR) of a PNG from its first 33 bytes or more; undefined where it isn't a PNG. */
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
 * Whether the encoder can be given such a frame as it is, in a video whose pictures have an alpha channel or have not: it
 * reads other kinds differently from version to version, or not at all. (A tRNS chunk may still tell otherwise.)
 */
export function isOrdinary({ depth, colour, interlaced }: PngHeader, alpha: boolean): boolean {
  return depth === 8 && colour === (alpha ? 'rgba' : 'rgb') && !interlaced;
}
