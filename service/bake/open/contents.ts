import { BakeError, type BakeWarning } from '../errors.ts';
import { type Limits, limitError } from '../limits.ts';

/** The role of an entry in a tape, by its name. */
export type EntryKind = 'frame' | 'timing' | 'metadata' | 'sound';

/** An entry of the ZIP that is a part of the tape. */
export interface Part {
  /** Number of its record in the ZIP's directory, from 0. */
  readonly index: number;
  /** Without its folder. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Number of the frame in the order shown, from 0; undefined for other parts. */
  readonly frame: number | undefined;
}

/** The contents of a ZIP, by the names in it. */
export interface Contents {
  /** Frames in the order shown, then the others. */
  readonly parts: readonly Part[];
  /** The numbers in the frames' names, in the order shown: a count, or milliseconds of any clock. */
  readonly frameValues: readonly number[];
  /** Whether these numbers are milliseconds. */
  readonly areTimes: boolean;
  readonly warnings: readonly BakeWarning[];
}

interface File {
  readonly index: number;
  readonly name: string;
  readonly folder: string;
  /** Undefined for a file that is no part of a tape. */
  readonly kind: EntryKind | undefined;
  readonly value: number | undefined;
}

type FrameFile = File & { readonly value: number };

/** Folders that systems and programs add for themselves, beside hidden ones. */
const SYSTEM_FOLDERS = new Set(['__macosx', '@eadir', '#recycle', '$recycle.bin', 'meta-inf']);
/** Characters of a name: the longest path on Linux. */
const MAX_NAME_LENGTH = 4096;
/** The most folders within each other, with the file. */
const MAX_SEGMENTS = 32;
const NAMES_SHOWN = 3;
/** A number from this on is a time, no count. */
const FIRST_TIME = 1e10;
/** Numbers that grow by this from frame to frame, on average, are milliseconds: those of 240 frames a second. */
const MIN_TIME_STEP = 4;

/**
 * Finds the entries of the tape, in whichever folder they are, and leaves out others. Throws ENTRY_NAME, ENTRY_DUPLICATE,
 * TAPE_NO_FRAMES, TAPE_TOO_MANY_FRAMES, TAPE_AMBIGUOUS or FRAME_MISSING. Pure.
 */
export function classifyEntries(names: readonly string[], limits: Limits): Contents {
  const files = names.flatMap((name, index) => parseName(name, index) ?? []);
  const frames = orderFrames(files.filter(isFrame), limits);
  const { areTimes } = frames;
  const others = (['timing', 'metadata', 'sound'] as const).flatMap(
    (kind) => findOnly(files, kind, frames.files[0]!.folder) ?? [],
  );
  const parts = [...frames.files, ...others].map(({ index, name, kind }, place) => ({
    index,
    name,
    kind: kind!,
    frame: kind === 'frame' ? place : undefined,
  }));
  const used = new Set(parts.map(({ index }) => index));
  const strays = files.filter(({ index }) => !used.has(index)).map(({ index }) => names[index]!);
  const frameValues = frames.files.map(({ value }) => value);
  return {
    parts,
    frameValues,
    areTimes,
    warnings: [...warnOfStrays(strays), ...(areTimes ? [] : warnOfNumbering(frameValues[0]!))],
  };
}

/** The file of this name; undefined for a folder. Throws ENTRY_NAME for a hostile name. */
function parseName(name: string, index: number): File | undefined {
  const segments = name.split(/[\\/]/, MAX_SEGMENTS + 1);
  const isHostile =
    name === '' ||
    name.length > MAX_NAME_LENGTH ||
    segments.length > MAX_SEGMENTS ||
    name.includes('\0') ||
    segments[0] === '' ||
    /^[A-Za-z]:/.test(name) ||
    segments.some((segment) => segment === '..' || /^[A-Za-z]:$/.test(segment));
  if (isHostile)
    throw new BakeError('ENTRY_NAME', `${printableName(name)} is not a name for an entry of a tape.`);
  const leaf = segments.pop()!;
  if (leaf === '' || leaf === '.') return undefined;
  const folders = segments.filter((segment) => segment !== '' && segment !== '.');
  const isOutside = folders.some(
    (folder) => folder.startsWith('.') || SYSTEM_FOLDERS.has(folder.toLowerCase()),
  );
  const known = isOutside ? undefined : kindOf(leaf);
  return { index, name: leaf, folder: folders.join('/'), kind: known?.kind, value: known?.value };
}

function isFrame(file: File): file is FrameFile {
  return file.kind === 'frame';
}

function orderFrames(files: readonly FrameFile[], limits: Limits): { files: FrameFile[]; areTimes: boolean } {
  if (files.length === 0) {
    throw new BakeError('TAPE_NO_FRAMES', `The tape has no frames: there is no ${frameName(0)}.`);
  }
  const folder = files[0]!.folder;
  const elsewhere = files.find((file) => file.folder !== folder);
  if (elsewhere) {
    const [one, other] = [folder, elsewhere.folder].map((path) =>
      path === '' ? 'the root' : printableName(path),
    );
    const message = `There are frames in two folders, ${one} and ${other}.`;
    throw new BakeError('TAPE_AMBIGUOUS', message);
  }
  if (files.length > limits.frames) {
    throw limitError(limits, 'frames', `The tape has ${files.length} frames`);
  }
  const ordered = files.toSorted((a, b) => a.value - b.value);
  for (const [index, { name, value }] of ordered.entries()) {
    const before = ordered[index - 1];
    if (before?.value === value) throw duplicate(before.name, name);
  }
  const areTimes = haveTimes(ordered);
  if (!areTimes) checkNumbering(ordered);
  return { files: ordered, areTimes };
}

/** Whether the numbers in the names are times, as in the recorder's older download, and no count. */
function haveTimes(ordered: readonly FrameFile[]): boolean {
  const looksLikeTime = ordered.map(({ value }) => value >= FIRST_TIME || !Number.isInteger(value));
  const [first, last] = [ordered[0]!.value, ordered.at(-1)!.value];
  if (!looksLikeTime.includes(true)) {
    const isPadded = ordered.some(({ name }) => /^\D*0\d/.test(name));
    return !isPadded && ordered.length > 1 && (last - first) / (ordered.length - 1) >= MIN_TIME_STEP;
  }
  // Times of one recording are close together. With a count among them, the order is not known.
  if (first < FIRST_TIME && last >= FIRST_TIME) {
    const message = 'Some frames are named by number and some by time: their order is not known.';
    throw new BakeError('TAPE_AMBIGUOUS', message);
  }
  return true;
}

function checkNumbering(ordered: readonly FrameFile[]): void {
  const first = ordered[0]!.value;
  const hole = ordered.findIndex(({ value }, index) => value !== first + index);
  if (hole < 0) return;
  const message = `${frameName(first + hole)} is missing, though frames with higher numbers are there.`;
  throw new BakeError('FRAME_MISSING', message);
}

/** The tape's one entry of a kind: that in the frames' folder, otherwise the only one in the ZIP. */
function findOnly(files: readonly File[], kind: EntryKind, folder: string): File | undefined {
  const all = files.filter((file) => file.kind === kind);
  const own = all.filter((file) => file.folder === folder);
  if (own.length > 1) throw duplicate(own[0]!.name, own[1]!.name);
  return own[0] ?? (all.length === 1 ? all[0] : undefined);
}

function duplicate(one: string, other: string): BakeError {
  const message = one === other ? `${one} is in the ZIP twice.` : `${one} and ${other} are the same entry.`;
  return new BakeError('ENTRY_DUPLICATE', message);
}

function warnOfStrays(strays: readonly string[]): BakeWarning[] {
  if (strays.length === 0) return [];
  const first = strays.slice(0, NAMES_SHOWN).map(printableName).join(', ');
  const more = strays.length > NAMES_SHOWN ? ' …' : '';
  const count = strays.length === 1 ? '1 entry is' : `${strays.length} entries are`;
  return [{ code: 'ENTRIES_IGNORED', message: `${count} no part of a tape and ignored: ${first}${more}` }];
}

function warnOfNumbering(first: number): BakeWarning[] {
  if (first === 0) return [];
  return [{ code: 'FRAMES_RENUMBERED', message: `The frames are numbered from ${first}, not from 0.` }];
}

/** The recorder writes frame-00000.png. Its older download has frame_<milliseconds>.png. */
const FRAME = /^frame[-_. ]?(\d{1,20}(?:\.\d{1,20})?)\.png$/i;
const KINDS: Readonly<Record<string, EntryKind>> = {
  'timing.json': 'timing',
  'metadata.json': 'metadata',
  'soundtrack.wav': 'sound',
};

/** The role of a file with this name, in upper or lower case, and the number in a frame's name; undefined for no part of a tape. */
export function kindOf(name: string): { kind: EntryKind; value: number | undefined } | undefined {
  const value = FRAME.exec(name)?.[1];
  if (value !== undefined) return { kind: 'frame', value: Number(value) };
  const lower = name.toLowerCase();
  return Object.hasOwn(KINDS, lower) ? { kind: KINDS[lower]!, value: undefined } : undefined;
}

/** The name that the recorder gives frame `index`. */
export function frameName(index: number): string {
  return `frame-${String(index).padStart(5, '0')}.png`;
}

const SHOWN_CHARACTERS = 64;

/** A name from the ZIP that is safe to print: quoted, cut, and without control or direction characters. */
export function printableName(name: string): string {
  const characters = [...name];
  const head = characters.slice(0, SHOWN_CHARACTERS).map((character) => {
    if (/[\p{C}\p{Zl}\p{Zp}\uFFFD"\\]/u.test(character))
      return `\\u{${character.codePointAt(0)!.toString(16)}}`;
    return character;
  });
  return `"${head.join('')}${characters.length > SHOWN_CHARACTERS ? '…' : ''}"`;
}
