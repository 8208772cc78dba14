import { setImmediate as nextTurn } from 'node:timers/promises';
import { BakeError } from '../errors.ts';
import { type CheckedRecord, ENCRYPTED_FLAGS } from './check.ts';
import type { ZipEntry } from './entry.ts';
import type { TapeFile } from './file.ts';

/** An entry, and the first packed bytes of it, which were read along with its local header. */
export interface Located {
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
export async function locate(
  file: TapeFile,
  records: readonly CheckedRecord[],
  directoryOffset: number,
): Promise<Located[]> {
  const located: Located[] = [];
  for (const record of records) {
    if (located.length % BATCH === BATCH - 1) await nextTurn();
    located.push(readLocal(file, record));
  }
  refuseOverlap(records, located, directoryOffset);
  return located;
}

function readLocal(file: TapeFile, record: CheckedRecord): Located {
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

function refuseOverlap(records: readonly CheckedRecord[], located: readonly Located[], end: number): void {
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
