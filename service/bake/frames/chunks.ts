import { crc32 } from 'node:zlib';
import { type PngHeader, parsePngHeader, SIGNATURE } from '../open/png.ts';

/** What of a PNG makes its pixels: all that Oven looks at. */
export interface PngParts {
  readonly header: PngHeader;
  /** The IHDR chunk, whole. */
  readonly ihdr: Buffer;
  /** The PLTE and tRNS chunks, whole, where the kind of picture has them. */
  readonly palette: Buffer | undefined;
  readonly transparency: Buffer | undefined;
  /** The IDAT chunks, whole, as they lie in the file. */
  readonly data: Buffer;
}

/** A PNG can't be decoded. The message ends a sentence that begins with its name. */
export class PngFault extends Error {
  override readonly name = 'PngFault';
}

/** Length, type and CRC-32 of a chunk, in bytes. */
const CHUNK_BYTES = 12;
const IHDR_END = SIGNATURE.length + CHUNK_BYTES + 13;

interface Chunk {
  readonly type: string;
  readonly from: number;
  /** Where its CRC-32 begins. */
  readonly crcAt: number;
  readonly to: number;
}

/**
 * Takes a PNG apart and checks the CRC-32 of every chunk that its pixels hang on. Everything else is left out, whatever
 * state it is in: text, colour profiles, orientation, animation, bytes after the end, even the end itself. Throws PngFault.
 */
export function readPng(bytes: Buffer): PngParts {
  const header = parsePngHeader(bytes);
  if (!header) throw new PngFault('is not a PNG image');
  let palette: Buffer | undefined;
  let transparency: Buffer | undefined;
  let data: { readonly from: number; to: number } | undefined;
  for (const chunk of chunksOf(bytes)) {
    const { type, from, to } = chunk;
    if (type === 'IDAT') {
      if (data && data.to !== from) throw new PngFault('has its pixels in two places');
      check(bytes, chunk);
      data = { from: data?.from ?? from, to };
    } else if (type === 'PLTE' && header.colour === 'palette') {
      if (palette || data) throw new PngFault('has its palette in the wrong place');
      check(bytes, chunk);
      palette = bytes.subarray(from, to);
    } else if (type === 'tRNS' && !data && !transparency) {
      if (!fits(chunk, header, palette)) continue;
      check(bytes, chunk);
      transparency = bytes.subarray(from, to);
    } else if (isCritical(type) && type !== 'PLTE' && type !== 'IEND') {
      throw new PngFault(`has a part of an unknown kind, ${type}`);
    } else if (type === 'IEND') {
      check(bytes, chunk);
    }
  }
  if (!data) throw new PngFault('has no pixels');
  if (header.colour === 'palette') checkPalette(palette);
  const ihdr = bytes.subarray(SIGNATURE.length, IHDR_END);
  return { header, ihdr, palette, transparency, data: bytes.subarray(data.from, data.to) };
}

/** The chunks after IHDR, up to IEND. A file that breaks off after its pixels has merely lost its end. */
function* chunksOf(bytes: Buffer): Generator<Chunk> {
  let pixels = false;
  for (let from = IHDR_END; from < bytes.length; ) {
    const rest = bytes.length - from;
    const to = rest >= CHUNK_BYTES ? from + CHUNK_BYTES + bytes.readUInt32BE(from) : Number.POSITIVE_INFINITY;
    const type = bytes.toString('latin1', from + 4, from + 8);
    if (to > bytes.length || !/^[A-Za-z]{4}$/.test(type)) {
      if (pixels && type !== 'IDAT') return;
      throw new PngFault('breaks off, or is damaged,');
    }
    yield { type, from, crcAt: to - 4, to };
    if (type === 'IEND') return;
    pixels ||= type === 'IDAT';
    from = to;
  }
}

function check(bytes: Buffer, { type, from, crcAt }: Chunk): void {
  if (crc32(bytes.subarray(from + 4, crcAt)) === bytes.readUInt32BE(crcAt)) return;
  throw new PngFault(`is damaged: the checksum of its ${type} is wrong`);
}

/** A decoder must understand a chunk whose name begins with a capital. */
function isCritical(type: string): boolean {
  return type[0]! < 'a';
}

/** Whether a tRNS chunk is of the length that its kind of picture needs; others mean nothing. */
function fits(chunk: Chunk, { colour }: PngHeader, palette: Buffer | undefined): boolean {
  const length = bodyBytes(chunk);
  if (colour === 'grey') return length === 2;
  if (colour === 'rgb') return length === 6;
  if (colour !== 'palette' || !palette) return false;
  return length > 0 && length * 3 <= palette.length - CHUNK_BYTES;
}

function bodyBytes({ from, to }: Chunk): number {
  return to - from - CHUNK_BYTES;
}

function checkPalette(palette: Buffer | undefined): void {
  const length = palette ? palette.length - CHUNK_BYTES : 0;
  if (length === 0 || length % 3 !== 0 || length > 768) throw new PngFault('has no palette, or a wrong one');
}

const IEND = chunk('IEND', Buffer.alloc(0));

/** Whether the PNG is nothing but its header, its pixels and its end. */
export function isPlain(bytes: Buffer, { data }: PngParts): boolean {
  return bytes.subarray(IHDR_END + data.length).equals(IEND);
}

/** A PNG of these parts and nothing else. */
export function writePng({
  ihdr,
  palette,
  transparency,
  data,
}: Partial<PngParts> & Pick<PngParts, 'ihdr' | 'data'>): Buffer {
  const tables = [palette, transparency].filter((part) => part !== undefined);
  return Buffer.concat([SIGNATURE, ihdr, ...tables, data, IEND]);
}

/** A chunk with its length and CRC-32. */
export function chunk(type: string, body: Buffer): Buffer {
  const whole = Buffer.alloc(body.length + CHUNK_BYTES);
  whole.writeUInt32BE(body.length);
  whole.write(type, 4, 'latin1');
  body.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), whole.length - 4);
  return whole;
}
