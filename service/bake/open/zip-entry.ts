import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32, createInflateRaw, inflateRaw, inflateRawSync, constants as zlib } from 'node:zlib';
import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { LocatedEntry } from './zip-directory.ts';
import type { TapeFile } from './zip-file.ts';

/** What an entry of a tape is for, told from its name. */
export type EntryKind = 'frame' | 'timing' | 'metadata' | 'sound';

/** One entry of the tape's ZIP, after every check that needs no unpacking. */
export interface ZipEntry {
  /** Without its folder: ASCII letters, digits and marks. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Number of the frame in the order shown, from 0; undefined for what is not a frame. */
  readonly frame: number | undefined;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the ZIP. */
  readonly packedSize: number;
  /** CRC-32 of the unpacked bytes, as the ZIP's directory says; `read` verifies it. */
  readonly crc32: number;
  readonly method: 'store' | 'deflate';
  /** Where the packed bytes begin, in bytes from the start of the ZIP. */
  readonly dataOffset: number;
}

/** The recorder's own name is frame-00000.png; its older download's is frame_<milliseconds>.png. */
const FRAME = /^frame[-_. ]?(\d{1,20}(?:\.\d{1,20})?)\.png$/i;
const KINDS: Readonly<Record<string, EntryKind>> = {
  'timing.json': 'timing',
  'metadata.json': 'metadata',
  'soundtrack.wav': 'sound',
};

/**
 * What a file of this name is, in either case, and the number in a frame's name; undefined for what is no part of a tape.
 */
export function kindOf(name: string): { kind: EntryKind; value: number | undefined } | undefined {
  const value = FRAME.exec(name)?.[1];
  if (value !== undefined) return { kind: 'frame', value: Number(value) };
  const lower = name.toLowerCase();
  return Object.hasOwn(KINDS, lower) ? { kind: KINDS[lower]!, value: undefined } : undefined;
}

/** The name frame `index` has in a tape. */
export function frameName(index: number): string {
  return `frame-${String(index).padStart(5, '0')}.png`;
}

const NAME_SHOWN = 64;

/** A name from the ZIP as it may be printed anywhere: quoted, cut, and without control or direction characters. */
export function printableName(name: string): string {
  const characters = [...name];
  const head = characters.slice(0, NAME_SHOWN).map((character) => {
    if (/[\p{C}\p{Zl}\p{Zp}\uFFFD"\\]/u.test(character))
      return `\\u{${character.codePointAt(0)!.toString(16)}}`;
    return character;
  });
  return `"${head.join('')}${characters.length > NAME_SHOWN ? '…' : ''}"`;
}

const MiB = 1024 * 1024;

/** The most bytes an entry may unpack to, by what it is. */
export function sizeLimit(kind: EntryKind, limits: Limits): number {
  switch (kind) {
    case 'frame': // uncompressed RGBA, 8 bits each, and the PNG around it
      return limits.framePixels * 4 + MiB;
    case 'timing': // about 110 bytes a frame
      return limits.frames * 256 + MiB;
    case 'metadata':
      return MiB;
    case 'sound': // read in pieces, and kept no further than the video goes: the tape's own limit is enough
      return Number.POSITIVE_INFINITY;
  }
}

const inflate = promisify(inflateRaw);

/** The unpacked bytes of an entry: as many as it says, with the CRC-32 it says. Throws ENTRY_SIZE or ENTRY_CRC. */
export async function unpackEntry(file: TapeFile, entry: ZipEntry): Promise<Buffer> {
  const packed = await file.read(entry.dataOffset, entry.packedSize);
  const bytes = entry.method === 'store' ? packed : await inflateWhole(packed, entry);
  if (bytes.length !== entry.size) throw wrongSize(entry, `${bytes.length}`);
  if (crc32(bytes) !== entry.crc32) throw wrongChecksum(entry);
  return bytes;
}

const PIECE_BYTES = 128 * 1024;

/** The same bytes piece by piece, held one at a time. What is wrong with them is thrown after the last that is right, or at the end. */
export async function* streamEntry(file: TapeFile, entry: ZipEntry): AsyncGenerator<Buffer> {
  const packed = readInPieces(file, entry);
  let [size, checksum] = [0, 0];
  for await (const piece of entry.method === 'store' ? packed : inflateInPieces(packed, entry)) {
    size += piece.length;
    if (size > entry.size) throw wrongSize(entry, 'more');
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (size !== entry.size) throw wrongSize(entry, `${size}`);
  if (checksum !== entry.crc32) throw wrongChecksum(entry);
}

async function* readInPieces(file: TapeFile, { dataOffset, packedSize }: ZipEntry): AsyncGenerator<Buffer> {
  for (let at = 0; at < packedSize; at += PIECE_BYTES) {
    yield await file.read(dataOffset + at, Math.min(PIECE_BYTES, packedSize - at));
  }
}

async function* inflateInPieces(packed: AsyncIterable<Buffer>, entry: ZipEntry): AsyncGenerator<Buffer> {
  const inflated = createInflateRaw({ chunkSize: PIECE_BYTES });
  const feeding = pipeline(packed, inflated);
  // Its error comes out of `inflated` as well, and is of no interest where nobody reads on.
  feeding.catch(() => {});
  try {
    yield* inflated;
  } catch (cause) {
    throw inflateFault(cause, entry);
  }
}

async function inflateWhole(packed: Buffer, entry: ZipEntry): Promise<Buffer> {
  try {
    return await inflate(packed, { maxOutputLength: entry.size + 1 });
  } catch (cause) {
    throw inflateFault(cause, entry);
  }
}

function inflateFault(cause: unknown, entry: ZipEntry): unknown {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ERR_BUFFER_TOO_LARGE') return wrongSize(entry, 'more', cause);
  if (code === 'Z_BUF_ERROR') return wrongSize(entry, 'fewer', cause);
  if (!code.startsWith('Z_') || code === 'Z_MEM_ERROR') return cause;
  const message = `${entry.name} is damaged: its packed bytes can't be unpacked.`;
  return new BakeError('ENTRY_CRC', message, { cause });
}

/**
 * At least the first `length` unpacked bytes of an entry, or all it has: from what was read with its header where that is
 * enough, and then unverified. Otherwise the whole entry, verified.
 */
export async function unpackHead(
  file: TapeFile,
  { entry, head }: LocatedEntry,
  length: number,
): Promise<Buffer> {
  const bytes = entry.method === 'store' ? head : inflateStart(head);
  return bytes.length >= Math.min(length, entry.size) ? bytes : await unpackEntry(file, entry);
}

function inflateStart(packed: Buffer): Buffer {
  try {
    // Z_SYNC_FLUSH: the input may end anywhere. A few hundred bytes give a few hundred KB at the very most.
    return inflateRawSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH, chunkSize: 1024 });
  } catch {
    return Buffer.alloc(0); // unpacking the whole of it will tell what is wrong
  }
}

function wrongChecksum(entry: ZipEntry): BakeError {
  return new BakeError('ENTRY_CRC', `${entry.name} is damaged: its checksum (CRC-32) is wrong.`);
}

function wrongSize(entry: ZipEntry, held: string, cause?: unknown): BakeError {
  const message = `${entry.name} is said to hold ${entry.size} bytes, but holds ${held}.`;
  return new BakeError('ENTRY_SIZE', message, { cause });
}
