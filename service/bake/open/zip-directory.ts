import { isUtf8 } from 'node:buffer';
import { parse } from 'unzipper/lib/parseBuffer.js';
import parseExtraField from 'unzipper/lib/parseExtraField.js';
import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type DirectoryLocation, findDirectory, RECORD_SIGNATURE } from './zip-end.ts';
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

/** The fields of a record in their order, each with its bytes. */
const FIELDS = [
  ['signature', 4],
  ['versionMadeBy', 2],
  ['versionNeeded', 2],
  ['flags', 2],
  ['method', 2],
  ['time', 2],
  ['date', 2],
  ['crc32', 4],
  ['compressedSize', 4],
  ['uncompressedSize', 4],
  ['nameLength', 2],
  ['extraFieldLength', 2],
  ['commentLength', 2],
  ['firstDisk', 2],
  ['internalAttributes', 2],
  ['externalAttributes', 4],
  ['offsetToLocalFileHeader', 4],
] as const;

/**
 * Parses a record. `base` is added to its offset. Only unzipper's parsers are loaded, since its index takes long to load
 * (bench/README.md). Pure.
 */
export function parseRecord(record: Buffer, base: number): DirectoryRecord {
  const fields = parse(record, FIELDS);
  const { flags, method, crc32, nameLength, extraFieldLength } = fields;
  const extraField = RECORD_BYTES + nameLength;
  // Puts the sizes and the offset of a ZIP64 field in the place of those that don't fit.
  parseExtraField(record.subarray(extraField, extraField + extraFieldLength), fields);
  // A missing ZIP64 field gives null or undefined.
  const number = (value: number | null | undefined) => value ?? Number.NaN;
  return {
    nameBytes: Buffer.from(record.subarray(RECORD_BYTES, extraField)),
    flags,
    method,
    crc32,
    packedSize: number(fields.compressedSize),
    size: number(fields.uncompressedSize),
    headerOffset: number(fields.offsetToLocalFileHeader) + base,
  };
}

function broken(index: number, count: number): BakeError {
  const where = index < count ? `at entry ${index + 1} of ${count}` : `after its ${count} entries`;
  return new BakeError('ZIP_CORRUPT', `The ZIP's directory is damaged ${where}.`);
}
