import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Open } from 'unzipper';
import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type CheckedRecord, ENCRYPTED_FLAGS } from './contents.ts';
import { type DirectoryLocation, END_BYTES, findDirectory, RECORD_SIGNATURE } from './zip-end.ts';
import type { ZipEntry } from './zip-entry.ts';
import type { TapeFile } from './zip-file.ts';

/** The ZIP's central directory, cut into its records: nothing of them is checked yet. */
export interface Directory {
  /** As text, to be looked at: UTF-8, or one character a byte where it is none. */
  readonly names: readonly string[];
  /** Each record with its name, extra field and comment. */
  readonly records: readonly Buffer[];
  /** Where the directory begins in the file: all entries end before it. */
  readonly offset: number;
  /** Bytes in the file before the ZIP begins. */
  readonly base: number;
  readonly warnings: readonly BakeWarning[];
}

/** One record of the directory, as it says. */
export interface DirectoryRecord {
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  /** Bytes in the ZIP. NaN here and below is a ZIP64 field that is missing. */
  readonly packedSize: number;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Where the entry's local header begins, in bytes from the start of the file. */
  readonly headerOffset: number;
}

const RECORD_BYTES = 46;

/** Reads the central directory. Throws what `findDirectory` throws, and ZIP_CORRUPT for records that aren't any. */
export async function readDirectory(file: TapeFile, limits: Limits): Promise<Directory> {
  const place = await findDirectory(file, limits);
  const records = cutRecords(await file.read(place.offset, place.size), place);
  const { offset, base, warnings } = place;
  return { names: records.map(nameOf), records, offset, base, warnings };
}

/** The records must follow each other and fill the directory exactly, so that the parser never runs out of bytes. */
function cutRecords(bytes: Buffer, { count, size }: DirectoryLocation): Buffer[] {
  const records: Buffer[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + RECORD_BYTES > size || bytes.readUInt32LE(at) !== RECORD_SIGNATURE) throw broken(index, count);
    const end =
      at +
      RECORD_BYTES +
      (bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32));
    if (end > size) throw broken(index, count);
    records.push(bytes.subarray(at, end));
    at = end;
  }
  if (at !== size) throw broken(count, count);
  return records;
}

function nameOf(record: Buffer): string {
  const bytes = record.subarray(RECORD_BYTES, RECORD_BYTES + record.readUInt16LE(28));
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/**
 * Lets unzipper parse records from memory: those given, followed by an end record that says just that. So it never
 * waits for, opens or searches a file that lies. The zeros between keep the 80 bytes it searches free of anything else.
 * `base` is added to their offsets.
 */
export async function parseRecords(records: readonly Buffer[], base: number): Promise<DirectoryRecord[]> {
  const bytes = Buffer.concat(records);
  const end = Buffer.alloc(80);
  const record = end.subarray(end.length - END_BYTES);
  record.write('PK\x05\x06', 'latin1');
  record.writeUInt16LE(records.length, 8);
  record.writeUInt16LE(records.length, 10);
  record.writeUInt32LE(bytes.length, 12);
  const { files } = await Open.buffer(Buffer.concat([bytes, end]));
  // A ZIP64 field that is missing is null.
  const number = (value: number | null | undefined) => value ?? Number.NaN;
  return files.map((file) => ({
    nameBytes: Buffer.from(file.pathBuffer),
    flags: file.flags,
    method: file.compressionMethod,
    crc32: file.crc32,
    packedSize: number(file.compressedSize),
    size: number(file.uncompressedSize),
    headerOffset: number(file.offsetToLocalFileHeader) + base,
  }));
}

function broken(index: number, count: number): BakeError {
  const where = index < count ? `at entry ${index + 1} of ${count}` : `after its ${count} entries`;
  return new BakeError('ZIP_CORRUPT', `The ZIP's directory is damaged ${where}.`);
}

/** An entry, and the first packed bytes of it, which were read along with its local header. */
export interface LocatedEntry {
  readonly entry: ZipEntry;
  readonly head: Buffer;
}

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
/** Enough of a PNG to see its header, packed or not. */
const HEAD_BYTES = 512;
/** Entries read before others get a turn: some 2 ms. */
const BATCH = 500;
const DEFLATE = 8;
/** Bit 3: sizes and CRC-32 follow the data, and the local header has none. */
const DESCRIPTOR_FLAG = 0x8;
const IN_ZIP64_FIELD = 0xffffffff;

/**
 * Reads the local header of every entry, one read each, and so finds its data. Throws where header and directory differ
 * or entries share bytes: ZIP_CORRUPT, ZIP_TRUNCATED, ENTRY_NAME, ENTRY_SIZE, ENTRY_OVERLAP, ZIP_ENCRYPTED.
 */
export async function locateEntries(
  file: TapeFile,
  records: readonly CheckedRecord[],
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

function readLocal(file: TapeFile, record: CheckedRecord): LocatedEntry {
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

function checkLocal(local: Buffer, record: CheckedRecord): void {
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

function refuseOverlap(
  records: readonly CheckedRecord[],
  located: readonly LocatedEntry[],
  end: number,
): void {
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
