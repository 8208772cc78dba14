import { BakeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { DirectoryRecord } from './directory.ts';
import { type EntryKind, frameName, isOldFrameName, kindOf, shown, sizeLimit } from './entry.ts';

/** A directory record whose name, sizes, method and flags are those of a tape's entry. */
export interface CheckedRecord extends DirectoryRecord {
  readonly kind: EntryKind;
  readonly frame: number | undefined;
}

/** Bits 0 (encrypted), 6 (strong encryption) and 13 (encrypted directory) of an entry's flags. */
export const ENCRYPTED_FLAGS = 0x2041;
const STORE = 0;
const DEFLATE = 8;
/** A small entry can't be a bomb, however well it packs. */
const BOMB_BYTES = 1024 * 1024;
/** A PNG, packed already, packs again to a fortieth at most (measured: frames of one colour). */
const BOMB_RATIO = 200;

/**
 * Checks everything that the directory alone tells: names, duplicates, encryption, methods, sizes, ratio, total and the
 * numbering of frames. Pure. Returns the records in the ZIP's order.
 */
export function checkRecords(records: readonly DirectoryRecord[], limits: Limits): CheckedRecord[] {
  const old = records.find(({ name }) => isOldFrameName(name));
  if (old) {
    const message = `${shown(old.name)} is of the older download format, whose times can't be told.`;
    throw new BakeError('TAPE_OLD_FORMAT', message);
  }
  const seen = new Set<string>();
  const checked = records.map((record) => {
    const known = kindOf(record.name);
    if (!known) throw new BakeError('ENTRY_NAME', `${shown(record.name)} is not an entry of a tape.`);
    if (seen.has(record.name)) throw new BakeError('ENTRY_DUPLICATE', `${record.name} is in the ZIP twice.`);
    seen.add(record.name);
    checkMethod(record);
    checkSize(record, known.kind, limits);
    return { ...record, ...known };
  });
  checkTotal(checked, limits);
  checkNumbering(seen, checked, limits);
  return checked;
}

function checkMethod({ name, flags, method }: DirectoryRecord): void {
  if (flags & ENCRYPTED_FLAGS) throw new BakeError('ZIP_ENCRYPTED', `${name} is encrypted.`);
  if (method !== STORE && method !== DEFLATE) {
    const message = `${name} is packed by method ${method}; only 0 (store) and 8 (deflate) are read.`;
    throw new BakeError('ZIP_UNSUPPORTED', message);
  }
}

function checkSize(
  { name, method, size, packedSize, headerOffset }: DirectoryRecord,
  kind: EntryKind,
  limits: Limits,
) {
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

function checkNumbering(names: ReadonlySet<string>, records: readonly CheckedRecord[], limits: Limits): void {
  const count = records.filter(({ kind }) => kind === 'frame').length;
  if (count === 0)
    throw new BakeError('TAPE_NO_FRAMES', `The tape has no frames: there is no ${frameName(0)}.`);
  if (count > limits.frames) {
    const message = `The tape has ${count} frames; at most ${limits.frames} are allowed.`;
    throw new BakeError('TAPE_TOO_MANY_FRAMES', message);
  }
  for (let index = 0; index < count; index++) {
    if (names.has(frameName(index))) continue;
    throw new BakeError(
      'FRAME_MISSING',
      `${frameName(index)} is missing, though frames with higher numbers are there.`,
    );
  }
}
