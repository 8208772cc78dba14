import { createHash } from 'node:crypto';
import type { Tape } from '../tapes/tape.ts';

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';

/**
 * The key of a tape's record, the same for every attempt: the one it has, else a TID (which the lexicon asks for) whose
 * time is the tape's to the millisecond, and whose microseconds and clock are 20 bits of a hash of the document's id.
 */
export function recordKey(tape: Pick<Tape, '_id' | 'when' | 'at' | 'atproto'>): string {
  const noted = tape.at?.rkey ?? tape.atproto?.rkey;
  if (noted !== undefined) return noted;
  const hash = createHash('sha256').update(tape._id.toHexString()).digest().readUInt32BE();
  const micros = BigInt(tape.when.getTime()) * 1000n + BigInt((hash >>> 10) % 1000);
  return tid((micros << 10n) | BigInt(hash & 1023));
}

/** 64 bits, the highest of them 0, as 13 digits that sort like the number. */
function tid(bits: bigint): string {
  let digits = '';
  for (let rest = bits, place = 0; place < 13; place += 1, rest >>= 5n) {
    digits = DIGITS[Number(rest & 31n)] + digits;
  }
  return digits;
}
