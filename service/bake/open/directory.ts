import { Open } from 'unzipper';
import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { type DirectoryPlace, END_BYTES, findDirectory } from './end.ts';
import type { TapeFile } from './file.ts';

/** One record of the ZIP's central directory, as it says: nothing of it is checked yet. */
export interface DirectoryRecord {
  /** As text, to be looked at; other bytes than UTF-8 become replacement characters. */
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  /** Bytes in the ZIP. */
  readonly packedSize: number;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Where the entry's local header begins, in bytes from the start of the ZIP. */
  readonly headerOffset: number;
}

export interface Directory {
  readonly records: readonly DirectoryRecord[];
  /** Where the directory begins in the file: all entries end before it. */
  readonly offset: number;
}

const RECORD_SIGNATURE = 0x02014b50;
const RECORD_BYTES = 46;

/** Reads the central directory. Throws what `findDirectory` throws, and ZIP_CORRUPT for records that aren't any. */
export async function readDirectory(file: TapeFile, limits: Limits): Promise<Directory> {
  const place = await findDirectory(file, limits);
  const bytes = await file.read(place.offset, place.size);
  refuseBrokenRecords(bytes, place);
  return { records: await parseRecords(bytes, place), offset: place.offset };
}

/** The records must follow each other and fill the directory exactly, so that the parser never runs out of bytes. */
function refuseBrokenRecords(bytes: Buffer, { count, size }: DirectoryPlace): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + RECORD_BYTES > size || bytes.readUInt32LE(at) !== RECORD_SIGNATURE) throw broken(index, count);
    at +=
      RECORD_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (at > size) throw broken(index, count);
  }
  if (at !== size) throw broken(count, count);
}

/**
 * Lets unzipper parse the records from memory: the directory, followed by an end record that says just that. So it never
 * waits for, opens or searches a file that lies. The zeros between keep the 80 bytes it searches free of anything else.
 */
async function parseRecords(bytes: Buffer, { count, size }: DirectoryPlace): Promise<DirectoryRecord[]> {
  const end = Buffer.alloc(80);
  const record = end.subarray(end.length - END_BYTES);
  record.write('PK\x05\x06', 'latin1');
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  const { files } = await Open.buffer(Buffer.concat([bytes, end]));
  return files.map((file) => ({
    name: file.path,
    nameBytes: Buffer.from(file.pathBuffer),
    flags: file.flags,
    method: file.compressionMethod,
    crc32: file.crc32,
    packedSize: file.compressedSize,
    size: file.uncompressedSize,
    headerOffset: file.offsetToLocalFileHeader,
  }));
}

function broken(index: number, count: number): BakeError {
  const where = index < count ? `at entry ${index + 1} of ${count}` : `after its ${count} entries`;
  return new BakeError('ZIP_CORRUPT', `The ZIP's directory is damaged ${where}.`);
}
