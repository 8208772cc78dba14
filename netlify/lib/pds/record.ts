import { createHash } from 'node:crypto';
import { BlobRef, jsonToLex, lexToJson } from '@atproto/api';
import { type Blob, idOf, type Tape } from '../tapes/tape.ts';

export const COLLECTION = 'computer.aesthetic.tape';

/** Readers of records link to the tape's page there. */
const SITE = 'https://aesthetic.computer';

/** The lexicon's limit for a video, in bytes. */
export const MAX_VIDEO_BYTES = 52_428_800;

/** The record of a tape. Throws TypeError for an invalid blob, because a PDS takes a record without one. */
export function tapeRecord(tape: Tape, video: Blob): Record<string, unknown> {
  const { slug, code, when } = tape;
  const { cid, mimeType, size } = video;
  const blob = jsonToLex({ $type: 'blob', ref: { $link: cid }, mimeType, size });
  if (!(blob instanceof BlobRef)) throw new TypeError('not a blob');
  const ref = idOf(tape);
  const acUrl = `${SITE}/!${code}`;
  return { $type: COLLECTION, slug, code, acUrl, when: when.toISOString(), video: blob, ref };
}

/** Whether a record of the PDS equals `record`. */
export function sameRecord(read: unknown, record: Record<string, unknown>): boolean {
  return canonical(read) === canonical(record);
}

/** Whether a record of the PDS belongs to another tape. */
export function isOfAnotherTape(read: unknown, tape: Tape): boolean {
  const { slug, ref } = (read ?? {}) as { slug?: unknown; ref?: unknown };
  return slug !== tape.slug && ref !== idOf(tape);
}

function canonical(record: unknown): string {
  const json = JSON.parse(JSON.stringify(lexToJson(record as never))) as Record<string, unknown>;
  return JSON.stringify(sorted(json));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

const DIGITS = '234567abcdefghijklmnopqrstuvwxyz';

/**
 * The key of a tape's record, the same for every attempt: its present key, else a TID, as the lexicon requires. The TID has the tape's time
 * in milliseconds; its microseconds and its clock id are 20 bits of a hash of the document's id.
 */
export function recordKey(tape: Pick<Tape, '_id' | 'when' | 'at' | 'atproto'>): string {
  const noted = tape.at?.rkey ?? tape.atproto?.rkey;
  if (noted !== undefined) return noted;
  const hash = createHash('sha256').update(idOf(tape)).digest().readUInt32BE();
  const micros = BigInt(tape.when.getTime()) * 1000n + BigInt((hash >>> 10) % 1000);
  return tid((micros << 10n) | BigInt(hash & 1023));
}

/** 64 bits, of which the highest is 0, as 13 digits in the same order as the numbers. */
function tid(bits: bigint): string {
  let digits = '';
  for (let rest = bits, place = 0; place < 13; place += 1, rest >>= 5n) {
    digits = DIGITS[Number(rest & 31n)] + digits;
  }
  return digits;
}
