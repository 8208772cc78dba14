import { BakeError, type BakeWarning } from '../errors.ts';
import { type Limits, limitError } from '../limits.ts';

/** What an entry of a tape is for, told from its name. */
export type EntryKind = 'frame' | 'timing' | 'metadata' | 'sound';

/** An entry that is a part of the tape. */
export interface Part {
  /** Place of its record in the ZIP's directory. */
  readonly index: number;
  /** Without its folder. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Number of the frame in the order shown, from 0; undefined for what is not a frame. */
  readonly frame: number | undefined;
}

/** What a ZIP holds, told from the names in it. */
export interface Contents {
  /** Frames in the order shown, then the others. */
  readonly parts: readonly Part[];
  /** The numbers in the frames' names, in the order shown: counted, or milliseconds of any clock. */
  readonly frameValues: readonly number[];
  readonly areTimes: boolean;
  readonly warnings: readonly BakeWarning[];
}

interface File {
  readonly index: number;
  readonly name: string;
  readonly folder: string;
  /** Undefined for what is no part of a tape. */
  readonly kind: EntryKind | undefined;
  readonly value: number | undefined;
}

type FrameFile = File & { readonly value: number };

/** Folders that systems and programs add for themselves: hidden ones, and these. */
const SYSTEM_FOLDERS = new Set(['__macosx', '@eadir', '#recycle', '$recycle.bin', 'meta-inf']);
/** As long as a path may be on Linux, in bytes. */
const NAME_LENGTH = 4096;
/** A file and its folders, within each other. */
const MOST_SEGMENTS = 32;
const NAMES_SHOWN = 3;
/** More digits than these are no count. */
const COUNT_BELOW = 1e10;
/** Milliseconds from one frame to the next that only times have, on average: 240 frames a second. */
const TIMES_APART = 4;

/**
 * Tells which entries are the tape's, wherever its folder is, and leaves out strays. Pure. Throws ENTRY_NAME,
 * ENTRY_DUPLICATE, TAPE_NO_FRAMES, TAPE_TOO_MANY_FRAMES, TAPE_AMBIGUOUS or FRAME_MISSING.
 */
export function classifyEntries(names: readonly string[], limits: Limits): Contents {
  const files = names.flatMap((name, index) => fileOf(name, index) ?? []);
  const frames = orderFrames(files.filter(isFrame), limits);
  const { areTimes } = frames;
  const others = (['timing', 'metadata', 'sound'] as const).flatMap(
    (kind) => pick(files, kind, frames.files[0]!.folder) ?? [],
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
    ...{ parts, frameValues, areTimes },
    warnings: [...warnOfStrays(strays), ...(areTimes ? [] : warnOfNumbering(frameValues[0]!))],
  };
}

/** The file of this name, or undefined for a folder. Throws ENTRY_NAME for a name that is meant to do harm. */
function fileOf(name: string, index: number): File | undefined {
  const segments = name.split(/[\\/]/, MOST_SEGMENTS + 1);
  const isHostile =
    name === '' ||
    name.length > NAME_LENGTH ||
    segments.length > MOST_SEGMENTS ||
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
  const areTimes = nameTimes(ordered);
  if (!areTimes) checkNumbering(ordered);
  return { files: ordered, areTimes };
}

/** Whether the names carry times, as those of the recorder's older download do, and not a count. */
function nameTimes(ordered: readonly FrameFile[]): boolean {
  const looks = ordered.map(({ value }) => value >= COUNT_BELOW || !Number.isInteger(value));
  const [first, last] = [ordered[0]!.value, ordered.at(-1)!.value];
  if (!looks.includes(true)) {
    const isPadded = ordered.some(({ name }) => /^\D*0\d/.test(name));
    return !isPadded && ordered.length > 1 && (last - first) / (ordered.length - 1) >= TIMES_APART;
  }
  // Times of one recording are close together; where a count stands among them, nobody knows what is meant.
  if (first < COUNT_BELOW && last >= COUNT_BELOW) {
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

/** The tape's one entry of a kind: in the frames' folder, else the only one in the ZIP. */
function pick(files: readonly File[], kind: EntryKind, folder: string): File | undefined {
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

/** The recorder's own name is frame-00000.png; its older download's is frame_<milliseconds>.png. */
const FRAME = /^frame[-_. ]?(\d{1,20}(?:\.\d{1,20})?)\.png$/i;
const KINDS: Readonly<Record<string, EntryKind>> = {
  'timing.json': 'timing',
  'metadata.json': 'metadata',
  'soundtrack.wav': 'sound',
};

/**
 * What a file of this name is, in either case, and the number in a frame's name; undefined for what is no part of a tape.
 */
export function kindOf(name: string): { kind: EntryKind; value: number | undefined } | undefined {
  const value = FRAME.exec(name)?.[1];
  if (value !== undefined) return { kind: 'frame', value: Number(value) };
  const lower = name.toLowerCase();
  return Object.hasOwn(KINDS, lower) ? { kind: KINDS[lower]!, value: undefined } : undefined;
}

/** The name frame `index` has in a tape. */
export function frameName(index: number): string {
  return `frame-${String(index).padStart(5, '0')}.png`;
}

const NAME_SHOWN = 64;

/** A name from the ZIP as it may be printed anywhere: quoted, cut, and without control or direction characters. */
export function printableName(name: string): string {
  const characters = [...name];
  const head = characters.slice(0, NAME_SHOWN).map((character) => {
    if (/[\p{C}\p{Zl}\p{Zp}\uFFFD"\\]/u.test(character))
      return `\\u{${character.codePointAt(0)!.toString(16)}}`;
    return character;
  });
  return `"${head.join('')}${characters.length > NAME_SHOWN ? '…' : ''}"`;
}
