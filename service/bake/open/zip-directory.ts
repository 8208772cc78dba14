import { isUtf8 } from 'node:buffer';
import { Open } from 'unzipper';
import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type DirectoryLocation, END_BYTES, findDirectory, RECORD_SIGNATURE } from './zip-end.ts';
import type { TapeFile } from './zip-file.ts';

/** The ZIP's central directory, cut into records that are not checked yet. */
export interface Directory {
  /** Names as text: UTF-8, or one character a byte where they are not UTF-8. */
  readonly names: readonly string[];
  /** Each record with its name, extra field and comment. */
  readonly records: readonly Buffer[];
  /** Place of the directory in the file. All entries end before it. */
  readonly offset: number;
  /** Bytes in the file before the ZIP begins. */
  readonly base: number;
  readonly warnings: readonly BakeWarning[];
}

/** One record of the directory, not checked. */
export interface DirectoryRecord {
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  /** Bytes in the ZIP. NaN stands for a missing ZIP64 field, here and below. */
  readonly packedSize: number;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Place of the entry's local header, in bytes from the start of the file. */
  readonly headerOffset: number;
}

const RECORD_BYTES = 46;

/** Reads the central directory. Throws what `findDirectory` throws, and ZIP_CORRUPT for broken records. */
export async function readDirectory(file: TapeFile, limits: Limits): Promise<Directory> {
  const location = await findDirectory(file, limits);
  const { offset, size, base, warnings } = location;
  const records = cutRecords(await file.read(offset, size), location);
  return { names: records.map(nameOf), records, offset, base, warnings };
}

/** Cuts the directory into records, which have to fill it exactly, so that the parser never runs out of bytes. */
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
 * Has unzipper parse records from memory, followed by an end record that fits them. So unzipper never searches a hostile file, or waits
 * for one. It searches the last 80 bytes, so zeros fill them before the end record. `base` is added to the records' offsets.
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
  // unzipper gives null for a missing ZIP64 field.
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
