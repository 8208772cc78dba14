import type { Document, Filter } from 'mongodb';
import { ELIGIBLE } from './exclusions.ts';
import type { Tape } from './tape.ts';

/** An adopted tape without a time for its next attempt is due after this. */
const UNTOUCHED_MS = 10 * 60_000;

/** The query for tapes that are due. It finds no tape that is excluded, given up or not adopted. `blobLimit` is in bytes. */
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
  return { ...ELIGIBLE, $or: stuck } as Filter<Tape>;
}

const MINUTE_MS = 60_000;
const LONGEST_MINUTES = 360;

/**
 * The time of the next attempt after `attempts`: in 10 minutes, then twice as long each time, at most 6 hours. A random tenth keeps tapes
 * apart that failed together. `atLeastSeconds` comes from Retry-After.
 */
export function nextAttemptAt(attempts: number, atLeastSeconds = 0, random = Math.random): Date {
  const minutes = Math.min(10 * 2 ** Math.max(0, attempts - 1), LONGEST_MINUTES);
  const jittered = minutes * MINUTE_MS * (0.9 + 0.2 * random());
  return new Date(Date.now() + Math.max(jittered, atLeastSeconds * 1000));
}
