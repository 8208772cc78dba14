import { randomUUID } from 'node:crypto';
import type { Deadline } from '../deadline.ts';
import { HttpError, tryLater } from '../http.ts';
import type { Log } from '../log.ts';
import type { Changes, TapeStore } from './store.ts';
import type { Tape } from './tape.ts';

/** The exclusive hold of one function on a tape's document. */
export interface TapeLease {
  readonly id: string;
  /** The document at the last checkpoint. */
  tape(): Tape;
  /** A checkpoint: changes the document and returns it. Throws 503 LEASE_LOST when another function has the lease. */
  save(changes: Changes): Promise<Tape>;
}

/**
 * The lease ends this long after the deadline: requests may still run then, and clocks differ. The lease of a killed function delays the
 * tape no longer than this.
 */
const SLACK_MS = 10_000;

/** Runs `work` with the lease of a tape. Throws 503 BUSY while another function has it, and 410 when the tape does not exist. */
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
    // If this fails, the lease ends by its time.
    await tapes.release(id, owner).catch((error: unknown) => log('warn', 'NOT_RELEASED', { id, error }));
  }
}
