import { setImmediate as nextTurn } from 'node:timers/promises';
import { BakeError } from '../errors.ts';
import { type Limits, limitError } from '../limits.ts';
import type { EntryKind, Part } from './contents.ts';
import type { DirectoryRecord } from './zip-directory.ts';
import type { TapeFile } from './zip-file.ts';

/** One entry of the tape. It has passed every check that needs no unpacking. */
export interface ZipEntry {
  /** Without its folder: ASCII letters, digits and marks. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Number of the frame in the order shown, from 0; undefined for other parts. */
  readonly frame: number | undefined;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the ZIP. */
  readonly packedSize: number;
  /** CRC-32 of the unpacked bytes by the ZIP's directory. Unpacking verifies it. */
  readonly crc32: number;
  readonly method: 'store' | 'deflate';
  /** Place of the packed bytes, from the start of the file. */
  readonly dataOffset: number;
}

/** A directory record of a part of the tape. */
export type PartRecord = DirectoryRecord & Omit<Part, 'index'>;

/** Flags of an entry: bits 0 (encrypted), 6 (strong encryption) and 13 (encrypted directory). */
const ENCRYPTED_FLAGS = 0x2041;
const STORE = 0;
const DEFLATE = 8;
/** Bytes up to which an entry is no decompression bomb, however well it packs. */
const BOMB_BYTES = 1024 * 1024;
/** The highest ratio of an entry's sizes. A PNG packs again to a fortieth at most (measured: frames of one colour). */
const BOMB_RATIO = 200;

/** Checks the records of a tape's parts: encryption, methods, sizes, ratios and the total. Throws a BakeError for the tape's fault. Pure. */
export function checkRecords(records: readonly PartRecord[], limits: Limits): void {
  for (const record of records) {
    checkMethod(record);
    checkSize(record, limits);
  }
  checkTotal(records, limits);
}

function checkMethod({ name, flags, method }: PartRecord): void {
  if (flags & ENCRYPTED_FLAGS) throw new BakeError('ZIP_ENCRYPTED', `${name} is encrypted.`);
  if (method !== STORE && method !== DEFLATE) {
    const message = `${name} is packed by method ${method}; only 0 (store) and 8 (deflate) are read.`;
    throw new BakeError('ZIP_UNSUPPORTED', message);
  }
}

function checkSize(record: PartRecord, limits: Limits) {
  const { name, kind, method, size, packedSize, headerOffset } = record;
  // A ZIP64 field can be absent, or too large for a number.
  if (![size, packedSize, headerOffset].every((value) => Number.isSafeInteger(value))) {
    throw new BakeError('ZIP_CORRUPT', `The ZIP's directory is damaged at ${name}: its sizes can't be read.`);
  }
  if (method === STORE && size !== packedSize) {
    const message = `${name} is stored in ${packedSize} bytes, but is said to hold ${size}.`;
    throw new BakeError('ENTRY_SIZE', message);
  }
  // Silence packs to a thousandth. The limits below bound its unpacked size.
  if (kind !== 'sound' && size > BOMB_BYTES && size > packedSize * BOMB_RATIO) {
    const message = `${name} would unpack from ${packedSize} to ${size} bytes; at most ${BOMB_RATIO} times is allowed.`;
    throw new BakeError('ENTRY_RATIO', message);
  }
  const most = sizeLimit(kind, limits);
  if (size > most) {
    throw new BakeError('ENTRY_TOO_LARGE', `${name} has ${size} bytes; at most ${most} are allowed.`);
  }
}

function checkTotal(records: readonly PartRecord[], limits: Limits): void {
  const total = records.reduce((sum, { size }) => sum + size, 0);
  if (total <= limits.unzippedBytes) return;
  throw limitError(limits, 'unzippedBytes', `The tape unpacks to ${total} bytes`);
}

const MiB = 1024 * 1024;

/** The most bytes to which an entry may unpack. */
function sizeLimit(kind: EntryKind, limits: Limits): number {
  switch (kind) {
    case 'frame': // uncompressed RGBA, 8 bits each, and the PNG around it
      return limits.framePixels * 4 + MiB;
    case 'timing': // about 110 bytes a frame
      return limits.frames * 256 + MiB;
    case 'metadata':
      return MiB;
    case 'sound': // the tape's own limit suffices: sound is read in pieces, and is kept only up to the video's end
      return Number.POSITIVE_INFINITY;
  }
}

/** An entry, and its first packed bytes, which were read together with its local header. */
export interface LocatedEntry {
  readonly entry: ZipEntry;
  readonly head: Buffer;
}

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
/** Bytes that hold the header of a PNG, packed or not. */
const HEAD_BYTES = 512;
/** Entries that are read, in some 2 ms, before other work of the process gets a turn. */
const BATCH = 500;
/** Bit 3: sizes and CRC-32 follow the data, and are not in the local header. */
const DESCRIPTOR_FLAG = 0x8;
const IN_ZIP64_FIELD = 0xffffffff;

/**
 * Reads the local header of every entry, one read each, and so finds its data. Throws ZIP_CORRUPT, ZIP_TRUNCATED, ENTRY_NAME,
 * ENTRY_SIZE, ENTRY_OVERLAP or ZIP_ENCRYPTED where header and directory differ, or entries share bytes.
 */
export async function locateEntries(
  file: TapeFile,
  records: readonly PartRecord[],
  directoryOffset: number,
): Promise<LocatedEntry[]> {
  const located: LocatedEntry[] = [];
  for (const record of records) {
    if (located.length % BATCH === BATCH - 1) await nextTurn();
    located.push(readLocal(file, record));
  }
  refuseOverlap(records, located, directoryOffset);
  return located;
}

function readLocal(file: TapeFile, record: PartRecord): LocatedEntry {
  const { name, kind, frame, size, packedSize, crc32, headerOffset } = record;
  const buffer = Buffer.allocUnsafe(LOCAL_BYTES + record.nameBytes.length + HEAD_BYTES);
  const bytes = buffer.subarray(0, file.peek(buffer, headerOffset));
  if (bytes.length < LOCAL_BYTES) throw pastTheEnd(name, headerOffset + LOCAL_BYTES, file);
  if (bytes.readUInt32LE(0) !== LOCAL_SIGNATURE) {
    throw new BakeError(
      'ZIP_CORRUPT',
      `${name} is not where the ZIP's directory says (byte ${headerOffset}).`,
    );
  }
  checkLocal(bytes, record);
  const dataStart = LOCAL_BYTES + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  const dataOffset = headerOffset + dataStart;
  if (dataOffset + packedSize > file.size) throw pastTheEnd(name, dataOffset + packedSize, file);
  const method = record.method === DEFLATE ? 'deflate' : 'store';
  return {
    entry: { name, kind, frame, size, packedSize, crc32, method, dataOffset },
    head: bytes.subarray(dataStart, dataStart + packedSize),
  };
}

function checkLocal(local: Buffer, record: PartRecord): void {
  const { name, nameBytes, size, packedSize, crc32, method } = record;
  const localName = local.subarray(LOCAL_BYTES, LOCAL_BYTES + local.readUInt16LE(26));
  if (!localName.equals(nameBytes)) {
    throw new BakeError(
      'ENTRY_NAME',
      `${name} has another name in its own header than in the ZIP's directory.`,
    );
  }
  const flags = local.readUInt16LE(6);
  if (flags & ENCRYPTED_FLAGS) throw new BakeError('ZIP_ENCRYPTED', `${name} is encrypted.`);
  if (local.readUInt16LE(8) !== method) throw contradicts(name, 'its method');
  if (flags & DESCRIPTOR_FLAG) return;
  if (local.readUInt32LE(14) !== crc32) throw contradicts(name, 'its checksum');
  checkLocalSize(name, local.readUInt32LE(18), packedSize);
  checkLocalSize(name, local.readUInt32LE(22), size);
}

function checkLocalSize(name: string, said: number, listed: number): void {
  if (said === listed || said === IN_ZIP64_FIELD) return;
  const message = `${name} has ${said} bytes by its own header and ${listed} by the ZIP's directory.`;
  throw new BakeError('ENTRY_SIZE', message);
}

function refuseOverlap(records: readonly PartRecord[], located: readonly LocatedEntry[], end: number): void {
  const ranges = located.map(({ entry }, index) => ({
    name: entry.name,
    start: records[index]!.headerOffset,
    end: entry.dataOffset + entry.packedSize,
  }));
  ranges.sort((a, b) => a.start - b.start);
  for (const [index, range] of ranges.entries()) {
    const next = ranges[index + 1];
    if (range.end <= (next ? next.start : end)) continue;
    const other = next ? next.name : "the ZIP's directory";
    throw new BakeError('ENTRY_OVERLAP', `${range.name} shares bytes with ${other}.`);
  }
}

function pastTheEnd(name: string, needed: number, file: TapeFile): BakeError {
  return new BakeError(
    'ZIP_TRUNCATED',
    `The ZIP ends at ${file.size} bytes, but ${name} reaches to ${needed}.`,
  );
}

function contradicts(name: string, what: string): BakeError {
  return new BakeError('ZIP_CORRUPT', `${name} and the ZIP's directory contradict each other about ${what}.`);
}
