import { promisify } from 'node:util';
import { crc32, deflate, inflate, constants as zlib } from 'node:zlib';
import { type Colour, type PngHeader, parsePngHeader, SIGNATURE } from '../open/frame-headers.ts';

/** The parts of a PNG that make its pixels. Oven looks at no others. */
export interface PngParts {
  readonly header: PngHeader;
  /** The IHDR chunk, whole. */
  readonly ihdr: Buffer;
  /** The PLTE and tRNS chunks, whole, where the colour type uses them. */
  readonly palette: Buffer | undefined;
  readonly transparency: Buffer | undefined;
  /** All IDAT chunks, whole, as they are in the file. */
  readonly data: Buffer;
}

/** Thrown for a PNG that can't be decoded. The message continues a sentence that begins with the file's name. */
export class PngFault extends Error {
  override readonly name = 'PngFault';
}

/** Length, type and CRC-32 of a chunk, in bytes. */
const CHUNK_BYTES = 12;
const IHDR_END = SIGNATURE.length + CHUNK_BYTES + 13;

interface Chunk {
  readonly type: string;
  readonly from: number;
  /** The place of its CRC-32. */
  readonly crcAt: number;
  readonly to: number;
}

/**
 * Takes a PNG apart, and checks the CRC-32 of every chunk that its pixels depend on. It ignores everything else, damaged or not: text,
 * colour profiles, orientation, animation, bytes after the end, and a missing end. Throws PngFault.
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

/** The chunks after IHDR, up to IEND. A file that breaks off after its pixels only lacks its end. */
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

/** Whether a decoder must understand the chunk: its name begins with a capital. */
function isCritical(type: string): boolean {
  return type[0]! < 'a';
}

/** Whether a tRNS chunk has the length that the colour type needs. Any other length has no meaning. */
function fits(chunk: Chunk, { colour }: PngHeader, palette: Buffer | undefined): boolean {
  const length = contentBytes(chunk);
  if (colour === 'grey') return length === 2;
  if (colour === 'rgb') return length === 6;
  if (colour !== 'palette' || !palette) return false;
  return length > 0 && length * 3 <= palette.length - CHUNK_BYTES;
}

function contentBytes({ from, to }: Chunk): number {
  return to - from - CHUNK_BYTES;
}

function checkPalette(palette: Buffer | undefined): void {
  const length = palette ? palette.length - CHUNK_BYTES : 0;
  if (length === 0 || length % 3 !== 0 || length > 768) throw new PngFault('has no palette, or a wrong one');
}

const IEND = chunk('IEND', Buffer.alloc(0));

/** Whether the PNG consists of its header, its pixels and its end alone. */
export function isPlain(bytes: Buffer, { data }: PngParts): boolean {
  return bytes.subarray(IHDR_END + data.length).equals(IEND);
}

/** A PNG of these parts alone. */
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

const inflateAsync = promisify(inflate);
const deflateAsync = promisify(deflate);

const SAMPLES: Readonly<Record<Colour, number>> = { grey: 1, rgb: 3, palette: 1, 'grey-alpha': 2, rgba: 4 };
/** The passes of an interlaced picture: first column, first row, and the steps from one to the next. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
/** The number of filters that a row may name. */
const FILTERS = 5;
/** Bytes that an encoder may pack beyond the picture. More would be a decompression bomb. */
export const MAX_SURPLUS_BYTES = 1024 * 1024;

/** Rows of equal length in the filtered picture: their number, and the bytes of each, with the one that names its filter. */
interface Rows {
  readonly count: number;
  readonly bytes: number;
}

/** The rows that a picture's data unpacks to, in order. Pure. */
export function rowsOf({ width, height, depth, colour, interlaced }: PngHeader): Rows[] {
  const passes = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  return passes.flatMap(([left, top, stepX, stepY]) => {
    const [columns, count] = [Math.ceil((width - left) / stepX), Math.ceil((height - top) / stepY)];
    if (columns <= 0 || count <= 0) return [];
    return { count, bytes: 1 + Math.ceil((columns * SAMPLES[colour] * depth) / 8) };
  });
}

/** Bytes of all rows of a picture. Pure. */
export function unpackedBytes(header: PngHeader): number {
  return rowsOf(header).reduce((sum, { count, bytes }) => sum + count * bytes, 0);
}

/**
 * Unpacks a picture's filtered rows. Throws PngFault unless all of them are there, name a known filter, and agree with the checksum,
 * if there is one.
 */
export async function unpackRows({ header, data }: PngParts): Promise<Buffer> {
  const needed = unpackedBytes(header);
  const unpacked = await inflateAsync(contentsOf(data), {
    maxOutputLength: needed + MAX_SURPLUS_BYTES,
    chunkSize: Math.max(64, needed + 1),
    // zlib refuses a stream that lacks only its checksum, unless it flushes so.
    finishFlush: zlib.Z_SYNC_FLUSH,
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'Z_MEM_ERROR') throw cause;
    throw new PngFault('is damaged: its pixels can not be unpacked', { cause });
  });
  if (unpacked.length < needed) throw new PngFault('lacks some of its pixels');
  let at = 0;
  for (const { count, bytes } of rowsOf(header)) {
    for (let row = 0; row < count; row++, at += bytes) {
      if (unpacked[at]! >= FILTERS) throw new PngFault('is damaged: a row has a filter that there is not');
    }
  }
  return unpacked.subarray(0, needed);
}

/** The same picture, packed anew without compression and without the oddities of its data. Throws PngFault. */
export async function repack(parts: PngParts): Promise<Buffer> {
  const data = await deflateAsync(await unpackRows(parts), { level: 0 });
  return writePng({ ...parts, data: chunk('IDAT', data) });
}

/** The contents of the IDAT chunks, joined. */
export function contentsOf(data: Buffer): Buffer {
  const contents: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt32BE(at);
    contents.push(data.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return contents.length === 1 ? contents[0]! : Buffer.concat(contents);
}
