import { pick, type Random } from '../../tapes/random.ts';

/** A whole number from 0 up to, but without, `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

/** True in one of `n` cases. */
export function oneIn(random: Random, n: number): boolean {
  return below(random, n) === 0;
}

/** Numbers at which programs go wrong: ends of types, signs, and sizes just beyond a limit. */
const EDGES = [0, 1, 2, 7, 8, 22, 30, 46, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff];
const LONG_EDGES = [0x80000000, 0xfffffffe, 0xffffffff];

/** An integer of so many bytes: one of the edges, near `near`, or any. */
export function oddInteger(random: Random, bytes: 1 | 2 | 4, near = 0): number {
  const end = 2 ** (8 * bytes);
  const value = pick(random, [
    () => pick(random, [...EDGES, ...LONG_EDGES]),
    () => near + below(random, 9) - 4,
    () => below(random, end),
  ])();
  return ((value % end) + end) % end;
}

type Change = (random: Random, bytes: Buffer, other: Buffer) => Buffer;

/** A place in the bytes; in one of three cases in the last 200, where a ZIP has its directory. */
function place(random: Random, { length }: Buffer): number {
  return oneIn(random, 3) ? length - 1 - below(random, Math.min(200, length)) : below(random, length);
}

/** A stretch of the bytes, mostly short. */
function stretch(random: Random, bytes: Buffer): [from: number, to: number] {
  const from = place(random, bytes);
  const longest = oneIn(random, 4) ? bytes.length : 64;
  return [from, Math.min(bytes.length, from + 1 + below(random, longest))];
}

const CHANGES: readonly Change[] = [
  (random, bytes) => {
    bytes[place(random, bytes)]! ^= 1 << below(random, 8);
    return bytes;
  },
  (random, bytes) => {
    bytes[place(random, bytes)] = oddInteger(random, 1);
    return bytes;
  },
  (random, bytes) => {
    const at = place(random, bytes);
    if (at + 4 > bytes.length) return bytes;
    const value = oddInteger(random, 4, oneIn(random, 2) ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
    pick(random, [
      () => bytes.writeUInt32LE(value, at),
      () => bytes.writeUInt32BE(value, at),
      () => bytes.writeUInt16LE(value % 0x10000, at),
      () => bytes.writeUInt16BE(value % 0x10000, at),
    ])();
    return bytes;
  },
  (random, bytes) => bytes.subarray(0, place(random, bytes)),
  (random, bytes) => {
    const [from, to] = stretch(random, bytes);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (random, bytes) => {
    const [from, to] = stretch(random, bytes);
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, to), bytes.subarray(at)]);
  },
  (random, bytes, other) => {
    const [from, to] = stretch(random, other);
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at + to - from)]);
  },
  // The begin of one and the end of the other.
  (random, bytes, other) =>
    Buffer.concat([bytes.subarray(0, place(random, bytes)), other.subarray(place(random, other))]),
];

/** A copy of the bytes with one to four changes: bits, integers, cuts, doubled stretches, pieces of `other`. */
export function damage(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let changed = Buffer.from(bytes);
  for (let times = 1 + below(random, 4); times > 0; times--) {
    if (changed.length === 0 || other.length === 0) break;
    changed = Buffer.from(pick(random, CHANGES)(random, changed, other));
  }
  return changed;
}
