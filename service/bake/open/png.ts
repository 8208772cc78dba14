import { crc32 } from 'node:zlib';

/** What a PNG's first bytes tell. */
export interface PngHeader {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Whether any pixel may be transparent; true also where the first bytes can't tell. */
  readonly alpha: boolean;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const IHDR_LENGTH = 13;
/** Signature, and the IHDR chunk with its length, type and CRC-32. */
export const PNG_HEADER_BYTES = 33;

const GREY = 0;
const RGB = 2;
const PALETTE = 3;
const GREY_ALPHA = 4;
const RGBA = 6;
/** The bit depths each colour type may have (PNG specification, third edition, table 8). */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  [GREY]: [1, 2, 4, 8, 16],
  [RGB]: [8, 16],
  [PALETTE]: [1, 2, 4, 8],
  [GREY_ALPHA]: [8, 16],
  [RGBA]: [8, 16],
};

/** Reads the signature and header (IHDR) of a PNG from its first 33 bytes or more; undefined where it isn't a PNG. */
export function parsePngHeader(bytes: Buffer): PngHeader | undefined {
  if (bytes.length < PNG_HEADER_BYTES || !bytes.subarray(0, 8).equals(SIGNATURE)) return undefined;
  if (bytes.readUInt32BE(8) !== IHDR_LENGTH || bytes.toString('latin1', 12, 16) !== 'IHDR') return undefined;
  if (bytes.readUInt32BE(29) !== crc32(bytes.subarray(12, 29))) return undefined;
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const depth = bytes[24]!;
  const colourType = bytes[25]!;
  if (width === 0 || height === 0 || !DEPTHS[colourType]?.includes(depth)) return undefined;
  return { width, height, alpha: mayBeTransparent(bytes, colourType) };
}

/** Whether there is an alpha channel, or a tRNS chunk, which stands before the first IDAT if anywhere. */
function mayBeTransparent(bytes: Buffer, colourType: number): boolean {
  if (colourType === GREY_ALPHA || colourType === RGBA) return true;
  for (let at = PNG_HEADER_BYTES; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IDAT') return false;
    if (type === 'tRNS') return true;
  }
  return true;
}
