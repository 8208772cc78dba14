import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Part } from './contents.ts';
import type { DirectoryRecord } from './directory.ts';
import { sizeLimit } from './entry.ts';

/** A part of the tape whose sizes, method and flags are fit to be read. */
export type CheckedRecord = DirectoryRecord & Omit<Part, 'index'>;

/** Bits 0 (encrypted), 6 (strong encryption) and 13 (encrypted directory) of an entry's flags. */
export const ENCRYPTED_FLAGS = 0x2041;
const STORE = 0;
const DEFLATE = 8;
/** A small entry can't be a bomb, however well it packs. */
const BOMB_BYTES = 1024 * 1024;
/** A PNG, packed already, packs again to a fortieth at most (measured: frames of one colour). */
const BOMB_RATIO = 200;

/** Checks what the directory tells of a tape's parts: encryption, methods, sizes, ratio and total. Pure. */
export function checkRecords(records: readonly CheckedRecord[], limits: Limits): void {
  for (const record of records) {
    checkMethod(record);
    checkSize(record, limits);
  }
  checkTotal(records, limits);
}

function checkMethod({ name, flags, method }: CheckedRecord): void {
  if (flags & ENCRYPTED_FLAGS) throw new BakeError('ZIP_ENCRYPTED', `${name} is encrypted.`);
  if (method !== STORE && method !== DEFLATE) {
    const message = `${name} is packed by method ${method}; only 0 (store) and 8 (deflate) are read.`;
    throw new BakeError('ZIP_UNSUPPORTED', message);
  }
}

function checkSize(record: CheckedRecord, limits: Limits) {
  const { name, kind, method, size, packedSize, headerOffset } = record;
  // A ZIP64 field can be absent, or larger than a number can say.
  if (![size, packedSize, headerOffset].every((value) => Number.isSafeInteger(value))) {
    throw new BakeError('ZIP_CORRUPT', `The ZIP's directory is damaged at ${name}: its sizes can't be read.`);
  }
  if (method === STORE && size !== packedSize) {
    const message = `${name} is stored in ${packedSize} bytes, but is said to hold ${size}.`;
    throw new BakeError('ENTRY_SIZE', message);
  }
  // Silence packs to a thousandth; what it unpacks to is bounded below.
  if (kind !== 'sound' && size > BOMB_BYTES && size > packedSize * BOMB_RATIO) {
    const message = `${name} would unpack from ${packedSize} to ${size} bytes; at most ${BOMB_RATIO} times is allowed.`;
    throw new BakeError('ENTRY_RATIO', message);
  }
  const most = sizeLimit(kind, limits);
  if (size > most) {
    throw new BakeError('ENTRY_TOO_LARGE', `${name} has ${size} bytes; at most ${most} are allowed.`);
  }
}

function checkTotal(records: readonly CheckedRecord[], limits: Limits): void {
  const total = records.reduce((sum, { size }) => sum + size, 0);
  if (total <= limits.unzippedBytes) return;
  const message = `The tape unpacks to ${total} bytes; at most ${limits.unzippedBytes} are allowed.`;
  throw new BakeError('TAPE_TOO_LARGE', message);
}
