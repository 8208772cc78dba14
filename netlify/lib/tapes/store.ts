import type { Fault, NewTape, OvenState, Sync, Tape } from './tape.ts';

/** What a step changes in a document; dotted names reach into it, undefined takes a field away. */
export type Changes = Readonly<Record<string, unknown>>;

/** Where tapes are kept. Each method is one atomic step; `id` is the document's _id in hexadecimal. */
export interface TapeStore {
  /** Adds a tape under a code of its own, or gives the one that has this slug and user already. */
  add(tape: NewTape): Promise<{ tape: Tape; created: boolean }>;
  find(id: string): Promise<Tape | undefined>;
  /** A user's tape, in whichever form its document has the slug. */
  findBySlug(slug: string, user: string): Promise<Tape | undefined>;
  /** Adopts a user's document that is not excluded, if nobody has; gives it as it is then. */
  adopt(tape: Tape, user: string): Promise<Tape>;
  /** Sets how handing over stands, and the status, unless the MP4 has come or the tape was nuked meanwhile. */
  recordSubmission(id: string, state: Partial<OvenState>, fault?: Fault): Promise<void>;
  /** Keeps a failure that Oven told of, once for each `delivery`, unless there is an MP4. */
  recordBakeFailure(id: string, delivery: string, fault: Fault): Promise<void>;
  /** The tape, now leased to `owner` until `until`; 'busy' while another has it. */
  lease(id: string, owner: string, until: Date): Promise<Tape | 'busy' | undefined>;
  /** Changes a leased tape and gives it as it is then; undefined when the lease was lost. */
  checkpoint(id: string, owner: string, changes: Changes): Promise<Tape | undefined>;
  /** Ends a lease, with last changes. */
  release(id: string, owner: string, changes?: Changes): Promise<void>;
  /** Marks a tape as nuked and still to be purged, unless it is already. */
  nuke(id: string): Promise<void>;
  /** Ends that a tape is nuked, with changes; undefined when it isn't, or is still being purged. */
  bringBack(id: string, changes: Changes): Promise<Tape | undefined>;
  /** Tapes whose time has come, the longest overdue first; `blobLimit` is what the PDS takes now, if it says. */
  due(now: Date, blobLimit: number | undefined, limit: number): Promise<readonly Tape[]>;
  /** Puts a due tape off until `nextAt`; false when somebody else did, or it isn't due any more. */
  claim(tape: Tape, nextAt: Date): Promise<boolean>;
  /** Counts that Oven was asked for a callback again, whether it sends one or refused. */
  countResend(tape: Tape): Promise<void>;
  /** Ends the retries of a tape. */
  giveUp(tape: Tape, fault: Fault): Promise<void>;
  /** Starts a tape that was given up anew, and gives it as it is then. */
  revive(tape: Tape): Promise<Tape>;
  /** Nuked tapes that are still to be purged. */
  unpurged(limit: number): Promise<readonly Tape[]>;
}

/** Which half of a tape's way is unfinished. */
export function unfinishedPart(tape: Tape): 'mp4' | 'record' | undefined {
  if (tape.mp4Status !== 'complete') return 'mp4';
  const sync = tape.oven?.sync;
  return sync !== undefined && sync.status !== 'complete' ? 'record' : undefined;
}

/** Whether the MP4 of bake `id` is known: as done, or as older than the one there is now. */
export function deliveryState(sync: Sync | undefined, id: string): 'done' | 'superseded' | undefined {
  if (sync?.superseded.includes(id)) return 'superseded';
  return sync?.bake === id && sync.status === 'complete' ? 'done' : undefined;
}
