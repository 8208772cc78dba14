import { BlobRef, jsonToLex, lexToJson } from '@atproto/api';
import type { Blob, Tape } from '../tapes/tape.ts';

export const COLLECTION = 'computer.aesthetic.tape';

/** What the lexicon allows a video, in bytes. */
export const MAX_VIDEO_BYTES = 52_428_800;

/** The record of a tape. Throws TypeError for a blob that is none, since the PDS would take a record without. */
export function tapeRecord(tape: Tape, video: Blob): Record<string, unknown> {
  const { slug, code, when } = tape;
  const { cid, mimeType, size } = video;
  const blob = jsonToLex({ $type: 'blob', ref: { $link: cid }, mimeType, size });
  if (!(blob instanceof BlobRef)) throw new TypeError('not a blob');
  const ref = tape._id.toHexString();
  return { $type: COLLECTION, slug, code, when: when.toISOString(), video: blob, ref };
}

/** Whether a record that was read says the same. */
export function sameRecord(read: unknown, record: Record<string, unknown>): boolean {
  return canonical(read) === canonical(record);
}

/** Whether a record that was read is of another tape. */
export function isOthers(read: unknown, tape: Tape): boolean {
  const { slug, ref } = (read ?? {}) as { slug?: unknown; ref?: unknown };
  return slug !== tape.slug && ref !== tape._id.toHexString();
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
