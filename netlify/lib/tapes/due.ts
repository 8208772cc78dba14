import type { Document, Filter } from 'mongodb';
import { WORK } from './exclusions.ts';
import type { Tape } from './tape.ts';

/** An adopted tape that has no next time on it is left alone for so long. */
const UNTOUCHED_MS = 10 * 60_000;

/** The query for tapes whose time has come. Never finds what isn't ours or is excluded, nor those given up. */
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
      'oven.sync.status': 'pending',
      'oven.sync.gaveUpAt': { $exists: false },
      'oven.sync.nextAt': { $lte: now },
    },
  ];
  if (blobLimit !== undefined) {
    stuck.push({
      'oven.sync.status': 'too-large',
      'oven.sync.limit': { $lt: blobLimit },
      'oven.sync.bytes': { $lte: blobLimit },
      'oven.sync.nextAt': { $lte: now },
    });
  }
  return { ...WORK, $or: stuck } as Filter<Tape>;
}
