import type { Document, Filter } from 'mongodb';
import type { Tape } from './tape.ts';

/** A tape that never got to Oven, from before there was a next time on it, is left alone for so long. */
const UNTOUCHED_MS = 10 * 60_000;

/** The query for tapes whose time has come. Never finds nuked ones, nor those given up. */
export function dueQuery(now: Date, blobLimit: number | undefined): Filter<Tape> {
  const old = new Date(now.getTime() - UNTOUCHED_MS);
  const stuck: Document[] = [
    {
      mp4Status: { $in: ['pending', 'oven-failed'] },
      'oven.gaveUpAt': { $exists: false },
      $or: [{ 'oven.nextAt': { $lte: now } }, { 'oven.nextAt': { $exists: false }, when: { $lte: old } }],
    },
    {
      mp4Status: 'complete',
      'atSync.status': 'pending',
      'atSync.gaveUpAt': { $exists: false },
      'atSync.nextAt': { $lte: now },
    },
  ];
  if (blobLimit !== undefined) {
    stuck.push({
      'atSync.status': 'too-large',
      'atSync.limit': { $lt: blobLimit },
      'atSync.bytes': { $lte: blobLimit },
      'atSync.nextAt': { $lte: now },
    });
  }
  return { nuked: { $ne: true }, $or: stuck } as Filter<Tape>;
}
