import type { Limits } from '../limits.ts';

/** What an entry of a tape is for, told from its name. */
export type EntryKind = 'frame' | 'timing' | 'metadata' | 'sound';

/** One entry of the tape's ZIP, after every check that needs no unpacking. */
export interface ZipEntry {
  /** Without its folder: ASCII letters, digits and marks. */
  readonly name: string;
  readonly kind: EntryKind;
  /** Number of the frame in the order shown, from 0; undefined for what is not a frame. */
  readonly frame: number | undefined;
  /** Bytes when unpacked. */
  readonly size: number;
  /** Bytes in the ZIP. */
  readonly packedSize: number;
  /** CRC-32 of the unpacked bytes, as the ZIP's directory says; `read` verifies it. */
  readonly crc32: number;
  readonly method: 'store' | 'deflate';
  /** Where the packed bytes begin, in bytes from the start of the ZIP. */
  readonly dataOffset: number;
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
export function shown(name: string): string {
  const characters = [...name];
  const head = characters.slice(0, NAME_SHOWN).map((character) => {
    if (/[\p{C}\p{Zl}\p{Zp}\uFFFD"\\]/u.test(character))
      return `\\u{${character.codePointAt(0)!.toString(16)}}`;
    return character;
  });
  return `"${head.join('')}${characters.length > NAME_SHOWN ? '…' : ''}"`;
}

const MiB = 1024 * 1024;

/** The most bytes an entry may unpack to, by what it is. */
export function sizeLimit(kind: EntryKind, limits: Limits): number {
  switch (kind) {
    case 'frame': // uncompressed RGBA, 8 bits each, and the PNG around it
      return limits.framePixels * 4 + MiB;
    case 'timing': // about 110 bytes a frame
      return limits.frames * 256 + MiB;
    case 'metadata':
      return MiB;
    case 'sound': // read in pieces, and kept no further than the video goes: the tape's own limit is enough
      return Number.POSITIVE_INFINITY;
  }
}
