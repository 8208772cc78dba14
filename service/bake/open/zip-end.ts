import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { TapeFile } from './zip-file.ts';

/** Place of the ZIP's central directory by its end record, checked against the file. */
export interface DirectoryLocation {
  /** Entries in the directory. */
  readonly count: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes in the file before the ZIP, which its offsets don't count. */
  readonly base: number;
  readonly warnings: readonly BakeWarning[];
}

/** Contents of an end record, not checked. `offset` is the directory's, in bytes from the start of the ZIP. */
interface EndRecord {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Place in the file at which the end records begin, and the directory ends. */
  readonly directoryEnd: number;
}

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
export const RECORD_SIGNATURE = 0x02014b50;
/** Signatures at the start of a ZIP: an entry, an end record (of an empty ZIP), or a ZIP in parts. */
const ZIP_BEGINNINGS = new Set(['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08']);
const ZIP64_END = 0x06064b50;
const ZIP64_END_BYTES = 56;
const ZIP64_LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Bytes of the end record without its comment. */
const END_BYTES = 22;
/** Bytes at the file's end that are searched for the end record. A comment has 64 KiB at most, and other programs may have appended to the file. */
const TAIL_BYTES = 1024 * 1024;
/** timing.json, metadata.json and soundtrack.wav. */
const ENTRIES_BESIDE_FRAMES = 3;
/** Further entries that are no part of the tape: folders, notes, thumbnails. macOS adds one more for each entry. */
const MAX_STRAY_ENTRIES = 1000;
/** Bytes of a directory record without its name, and of one with everything. Some hostile names of 64 KiB fit into the slack, to be refused by name. */
const MIN_RECORD_BYTES = 46;
const MAX_RECORD_BYTES = 1024;
const DIRECTORY_SLACK = 256 * 1024;

/** The most entries that a ZIP may list. */
export function entryLimit({ frames }: Limits): number {
  return 2 * (frames + ENTRIES_BESIDE_FRAMES) + MAX_STRAY_ENTRIES;
}

/**
 * Finds the central directory, by the end record of ZIP64 where there is one. Bounds its entries and bytes before it is read. Throws
 * NOT_A_ZIP, ZIP_TRUNCATED, ZIP_UNSUPPORTED, ZIP_CORRUPT or TAPE_TOO_MANY_FRAMES.
 */
export async function findDirectory(file: TapeFile, limits: Limits): Promise<DirectoryLocation> {
  const start = await file.read(0, Math.min(4, file.size));
  const isCutOff = ZIP_BEGINNINGS.has(start.toString('latin1'));
  const tailOffset = Math.max(0, file.size - TAIL_BYTES);
  const tail = await file.read(tailOffset, file.size - tailOffset);
  const at = findEndRecord(tail);
  if (at === undefined) throw isCutOff ? truncated('its directory is missing') : notAZip();

  const said = readEnd(file, tail, at, tailOffset);
  const offset = directoryStart(file, said);
  const base = offset - said.offset;
  if (base < 0 || offset < 0 || offset + said.size > said.directoryEnd) {
    throw isCutOff ? truncated('its directory lies beyond the end') : notAZip();
  }
  const allowed = entryLimit(limits);
  if (said.count > allowed) {
    const message = `The ZIP lists ${said.count} entries; at most ${allowed} are allowed.`;
    throw new BakeError('TAPE_TOO_MANY_FRAMES', message);
  }
  if (said.size < said.count * MIN_RECORD_BYTES) throw wrongSize(said);
  if (said.size > said.count * MAX_RECORD_BYTES + DIRECTORY_SLACK) throw wrongSize(said);
  const after = tail.length - at - END_BYTES - tail.readUInt16LE(at + 20);
  return { count: said.count, size: said.size, offset, base, warnings: warnOfSurroundings(base, after) };
}

/** Place of the end record in the file's last bytes: the last one whose comment fits into the file. */
function findEndRecord(tail: Buffer): number | undefined {
  for (let from = tail.length - END_BYTES; from >= 0; ) {
    const at = tail.lastIndexOf(END_SIGNATURE, from);
    if (at < 0) return undefined;
    const commentLength = tail.readUInt16LE(at + 20);
    if (at + END_BYTES + commentLength <= tail.length) return at;
    from = at - 1;
  }
  return undefined;
}

function readEnd(file: TapeFile, tail: Buffer, at: number, tailOffset: number): EndRecord {
  const count = tail.readUInt16LE(at + 10);
  const size = tail.readUInt32LE(at + 12);
  const offset = tail.readUInt32LE(at + 16);
  const disks = [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)];
  const locator = at - LOCATOR_BYTES;
  const hasLocator = locator >= 0 && tail.readUInt32LE(locator) === ZIP64_LOCATOR;
  const isFull = count === 0xffff || size === 0xffffffff || offset === 0xffffffff;
  const directoryEnd = tailOffset + at;
  if (hasLocator) {
    const zip64 = readZip64End(file, tailOffset + locator, Number(tail.readBigUInt64LE(locator + 8)));
    if (zip64) {
      return {
        count: count === 0xffff ? zip64.count : count,
        size: size === 0xffffffff ? zip64.size : size,
        offset: offset === 0xffffffff ? zip64.offset : offset,
        directoryEnd: zip64.directoryEnd,
      };
    }
    if (isFull) throw new BakeError('ZIP_CORRUPT', "The ZIP's ZIP64 end record is not where it should be.");
  }
  if (disks.some((disk) => disk !== 0) || tail.readUInt16LE(at + 8) !== count) throw isPart();
  // Info-ZIP's zip leaves out the offset when it writes ZIP64 to a pipe. No tape is large enough for a real offset of that value.
  return { count, size, offset: offset === 0xffffffff ? directoryEnd - size : offset, directoryEnd };
}

/** The end record of ZIP64: as a rule before its locator, otherwise where that says; undefined where it is in neither place. */
function readZip64End(file: TapeFile, locatorAt: number, said: number): EndRecord | undefined {
  const record = Buffer.alloc(ZIP64_END_BYTES);
  for (const at of [locatorAt - ZIP64_END_BYTES, said]) {
    if (!(at >= 0 && at <= locatorAt - ZIP64_END_BYTES)) continue;
    file.peek(record, at);
    if (record.readUInt32LE(0) !== ZIP64_END) continue;
    const [onDisk, count, size, offset] = [24, 32, 40, 48].map((from) =>
      Number(record.readBigUInt64LE(from)),
    );
    if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0 || onDisk !== count) throw isPart();
    return { count: count!, size: size!, offset: offset!, directoryEnd: at };
  }
  return undefined;
}

/** Place of the directory in the file: as a rule right before the end records, whatever stands before the ZIP; otherwise at its offset. */
function directoryStart(file: TapeFile, { count, size, offset, directoryEnd }: EndRecord): number {
  const adjacent = directoryEnd - size;
  return count === 0 || isRecord(file, adjacent) ? adjacent : offset;
}

function isRecord(file: TapeFile, at: number): boolean {
  const signature = Buffer.alloc(4);
  return at >= 0 && file.peek(signature, at) === 4 && signature.readUInt32LE(0) === RECORD_SIGNATURE;
}

function warnOfSurroundings(before: number, after: number): BakeWarning[] {
  if (before === 0 && after === 0) return [];
  const message = `The file has ${before} bytes before the ZIP and ${after} after it: ignored.`;
  return [{ code: 'ZIP_SURROUNDED', message }];
}

function isPart(): BakeError {
  return new BakeError('ZIP_UNSUPPORTED', 'The ZIP is one part of several; a tape is a single file.');
}

function notAZip(): BakeError {
  return new BakeError('NOT_A_ZIP', 'The tape is not a ZIP file.');
}

function truncated(why: string): BakeError {
  return new BakeError('ZIP_TRUNCATED', `The ZIP is cut off: ${why}.`);
}

function wrongSize({ count, size }: EndRecord): BakeError {
  return new BakeError(
    'ZIP_CORRUPT',
    `The ZIP's directory has ${size} bytes, which can't be ${count} entries.`,
  );
}
