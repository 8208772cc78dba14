import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { TapeFile } from './file.ts';

/** Where the ZIP's central directory lies, as its end record says and as checked against the file. */
export interface DirectoryPlace {
  /** Entries it lists. */
  readonly count: number;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
/** An entry, an end record (an empty ZIP), or the mark of a ZIP in parts. */
const ZIP_BEGINNINGS = new Set(['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08']);
const ZIP64_LOCATOR = 0x07064b50;
const LOCATOR_BYTES = 20;
/** Bytes of the end record without its comment. */
export const END_BYTES = 22;
const COMMENT_BYTES = 0xffff;
/** timing.json, metadata.json and soundtrack.wav. */
const ENTRIES_BESIDE_FRAMES = 3;
/** A directory record has 46 bytes and a name of 15; a few hostile names of 64 KiB are read too, to be refused by name. */
const RECORD_BYTES = 46;
const RECORD_BYTES_MOST = 1024;
const DIRECTORY_SLACK = 256 * 1024;

/**
 * Finds the central directory. Bounds its count and bytes before anything is read or built from it. Throws NOT_A_ZIP,
 * ZIP_TRUNCATED, ZIP_UNSUPPORTED, ZIP_CORRUPT or TAPE_TOO_MANY_FRAMES.
 */
export async function findDirectory(file: TapeFile, limits: Limits): Promise<DirectoryPlace> {
  const start = await file.read(0, Math.min(4, file.size));
  const beginsAsZip = ZIP_BEGINNINGS.has(start.toString('latin1'));
  const tailOffset = Math.max(0, file.size - END_BYTES - COMMENT_BYTES - LOCATOR_BYTES);
  const tail = await file.read(tailOffset, file.size - tailOffset);
  const at = endRecordIn(tail);
  if (at === undefined) throw beginsAsZip ? truncated('its directory is missing') : notAZip();

  const end = tail.subarray(at);
  const place = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) };
  refuseUnsupported(tail, at, place);
  if (place.offset + place.size > tailOffset + at) {
    throw beginsAsZip ? truncated('its directory lies beyond the end') : notAZip();
  }
  const allowed = limits.frames + ENTRIES_BESIDE_FRAMES;
  if (place.count > allowed) {
    const message = `The ZIP lists ${place.count} entries; at most ${allowed} (${limits.frames} frames) are allowed.`;
    throw new BakeError('TAPE_TOO_MANY_FRAMES', message);
  }
  if (place.size < place.count * RECORD_BYTES) throw wrongSize(place);
  if (place.size > place.count * RECORD_BYTES_MOST + DIRECTORY_SLACK) throw wrongSize(place);
  return place;
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

function refuseUnsupported(tail: Buffer, at: number, place: DirectoryPlace): void {
  const isFull = place.count === 0xffff || place.size === 0xffffffff || place.offset === 0xffffffff;
  const hasLocator = at >= LOCATOR_BYTES && tail.readUInt32LE(at - LOCATOR_BYTES) === ZIP64_LOCATOR;
  if (isFull && hasLocator) {
    throw new BakeError('ZIP_UNSUPPORTED', 'The ZIP uses ZIP64, which a tape is never large enough to need.');
  }
  const disk = tail.readUInt16LE(at + 4);
  const firstDisk = tail.readUInt16LE(at + 6);
  if (disk !== 0 || firstDisk !== 0 || tail.readUInt16LE(at + 8) !== place.count) {
    throw new BakeError('ZIP_UNSUPPORTED', 'The ZIP is one part of several; a tape is a single file.');
  }
}

function notAZip(): BakeError {
  return new BakeError('NOT_A_ZIP', 'The tape is not a ZIP file.');
}

function truncated(why: string): BakeError {
  return new BakeError('ZIP_TRUNCATED', `The ZIP is cut off: ${why}.`);
}

function wrongSize({ count, size }: DirectoryPlace): BakeError {
  return new BakeError(
    'ZIP_CORRUPT',
    `The ZIP's directory has ${size} bytes, which can't be ${count} entries.`,
  );
}
