import { randomUUID } from 'node:crypto';
import type { Deadline } from '../deadline.ts';
import { HttpError, tryLater } from '../http.ts';
import type { Log } from '../log.ts';
import type { Changes, TapeStore } from './store.ts';
import type { Tape } from './tape.ts';

/** A tape that nobody else works on. */
export interface TapeLease {
  readonly id: string;
  /** As it was at the last checkpoint. */
  tape(): Tape;
  /** A checkpoint: changes the tape, and gives it as it is then. Throws 503 LEASE_LOST when another took over. */
  save(changes: Changes): Promise<Tape>;
}

/**
 * The lease outlives the deadline by so much: for requests under way then, and clocks that differ. A function that was
 * killed holds the tape up for no longer.
 */
const SLACK_MS = 10_000;

/** Works on a tape that nobody else works on. Throws 503 BUSY while somebody does, 410 when there is no such tape. */
export async function withTapeLease<T>(
  { tapes, log }: { tapes: TapeStore; log: Log },
  id: string,
  deadline: Deadline,
  work: (lease: TapeLease) => Promise<T>,
): Promise<T> {
  const owner = randomUUID();
  const leased = await tapes.lease(id, owner, new Date(deadline.at + SLACK_MS));
  if (leased === undefined) throw new HttpError(410, 'TAPE_UNKNOWN', 'There is no such tape.');
  if (leased === 'busy') throw tryLater('BUSY', 'The tape is being worked on.', 10);
  let tape = leased;
  const save = async (changes: Changes) => {
    const saved = await tapes.checkpoint(id, owner, changes);
    if (saved === undefined) throw tryLater('LEASE_LOST', 'Another took the tape over.', 10);
    tape = saved;
    return saved;
  };
  try {
    return await work({ id, save, tape: () => tape });
  } finally {
    // Otherwise it runs out by itself.
    await tapes.release(id, owner).catch((error: unknown) => log('warn', 'NOT_RELEASED', { id, error }));
  }
}
