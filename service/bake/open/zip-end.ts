import { BakeError, type BakeWarning } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { TapeFile } from './zip-file.ts';

/** Where the ZIP's central directory lies, as its end record says and as checked against the file. */
export interface DirectoryLocation {
  /** Entries it lists. */
  readonly count: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes in the file before the ZIP begins: what its offsets lack. */
  readonly base: number;
  readonly warnings: readonly BakeWarning[];
}

/** What an end record says of the directory; offset in bytes from the start of the ZIP. */
interface Said {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Where in the file the end records begin: the directory ends there. */
  readonly directoryEnd: number;
}

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
export const RECORD_SIGNATURE = 0x02014b50;
/** An entry, an end record (an empty ZIP), or the mark of a ZIP in parts. */
const ZIP_BEGINNINGS = new Set(['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08']);
const ZIP64_END = 0x06064b50;
const ZIP64_END_BYTES = 56;
const ZIP64_LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Bytes of the end record without its comment. */
export const END_BYTES = 22;
/** Where the end record is looked for, in bytes from the file's end: a comment has 64 KiB, and others may have added to the file. */
const TAIL_BYTES = 1024 * 1024;
/** timing.json, metadata.json and soundtrack.wav. */
const ENTRIES_BESIDE_FRAMES = 3;
/** Entries that are no part of the tape, beside one for each that is, as macOS adds: folders, notes, thumbnails. */
const STRAY_ENTRIES = 1000;
/** A directory record has 46 bytes and a name of 15; a few hostile names of 64 KiB are read too, to be refused by name. */
const RECORD_BYTES = 46;
const RECORD_BYTES_MOST = 1024;
const DIRECTORY_SLACK = 256 * 1024;

/** The most entries that a ZIP may list. */
export function entryLimit({ frames }: Limits): number {
  return 2 * (frames + ENTRIES_BESIDE_FRAMES) + STRAY_ENTRIES;
}

/**
 * Finds the central directory, by ZIP64's end record where there is one. Bounds its count and bytes before anything is
 * read or built from it. Throws NOT_A_ZIP, ZIP_TRUNCATED, ZIP_UNSUPPORTED, ZIP_CORRUPT or TAPE_TOO_MANY_FRAMES.
 */
export async function findDirectory(file: TapeFile, limits: Limits): Promise<DirectoryLocation> {
  const start = await file.read(0, Math.min(4, file.size));
  const isCutOff = ZIP_BEGINNINGS.has(start.toString('latin1'));
  const tailOffset = Math.max(0, file.size - TAIL_BYTES);
  const tail = await file.read(tailOffset, file.size - tailOffset);
  const at = endRecordIn(tail);
  if (at === undefined) throw isCutOff ? truncated('its directory is missing') : notAZip();

  const said = readEnd(file, tail, at, tailOffset);
  const offset = startOf(file, said);
  const base = offset - said.offset;
  if (base < 0 || offset < 0 || offset + said.size > said.directoryEnd) {
    throw isCutOff ? truncated('its directory lies beyond the end') : notAZip();
  }
  const allowed = entryLimit(limits);
  if (said.count > allowed) {
    const message = `The ZIP lists ${said.count} entries; at most ${allowed} are allowed.`;
    throw new BakeError('TAPE_TOO_MANY_FRAMES', message);
  }
  if (said.size < said.count * RECORD_BYTES) throw wrongSize(said);
  if (said.size > said.count * RECORD_BYTES_MOST + DIRECTORY_SLACK) throw wrongSize(said);
  const after = tail.length - at - END_BYTES - tail.readUInt16LE(at + 20);
  return { count: said.count, size: said.size, offset, base, warnings: warnOfOthers(base, after) };
}

/** Where in the file's last bytes the end record begins: the last one whose comment fits into the file. */
function endRecordIn(tail: Buffer): number | undefined {
  for (let from = tail.length - END_BYTES; from >= 0; ) {
    const at = tail.lastIndexOf(END_SIGNATURE, from);
    if (at < 0) return undefined;
    const commentLength = tail.readUInt16LE(at + 20);
    if (at + END_BYTES + commentLength <= tail.length) return at;
    from = at - 1;
  }
  return undefined;
}

function readEnd(file: TapeFile, tail: Buffer, at: number, tailOffset: number): Said {
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
  // Info-ZIP's zip, made to write ZIP64 into a pipe, leaves out where the directory begins: no file is so large.
  return { count, size, offset: offset === 0xffffffff ? directoryEnd - size : offset, directoryEnd };
}

/** ZIP64's end record, which stands before its locator as a rule, or where that says; undefined where it doesn't. */
function readZip64End(file: TapeFile, locatorAt: number, said: number): Said | undefined {
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

/**
 * Where in the file the directory begins: it ends with the end records as a rule, whatever stands before the ZIP; else it
 * is where its offset says.
 */
function startOf(file: TapeFile, { count, size, offset, directoryEnd }: Said): number {
  const adjacent = directoryEnd - size;
  return count === 0 || isRecord(file, adjacent) ? adjacent : offset;
}

function isRecord(file: TapeFile, at: number): boolean {
  const signature = Buffer.alloc(4);
  return at >= 0 && file.peek(signature, at) === 4 && signature.readUInt32LE(0) === RECORD_SIGNATURE;
}

function warnOfOthers(before: number, after: number): BakeWarning[] {
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

function wrongSize({ count, size }: Said): BakeError {
  return new BakeError(
    'ZIP_CORRUPT',
    `The ZIP's directory has ${size} bytes, which can't be ${count} entries.`,
  );
}
