import type { Fault, NewTape, OvenState, Sync, Tape } from './tape.ts';

/** What an adopted document gets beside the usual fields of `oven`. */
export type Adoption = Pick<OvenState, 'adoptedBy' | 'publish' | 'nextAt'>;

/** Changes of a document: names with dots are fields of fields, undefined removes a field. */
export type Changes = Readonly<Record<string, unknown>>;

/** The interface to the site's tapes. Each method is one atomic step. `id` is the document's _id in hexadecimal. */
export interface TapeStore {
  /** Adds a tape with a new code, or finds the one with the same slug and user. */
  add(tape: NewTape): Promise<{ tape: Tape; created: boolean }>;
  find(id: string): Promise<Tape | undefined>;
  /** A user's tape by either form of its slug. */
  findBySlug(slug: string, user: string): Promise<Tape | undefined>;
  /** Adopts a document of a user, or of a guest, that is not excluded, and returns it. */
  adopt(tape: Tape, user: string | undefined, how?: Adoption): Promise<Tape>;
  /** All tapes of a user. */
  ofUser(user: string): Promise<readonly Tape[]>;
  /** Notes the result of a submission, unless the MP4 has come or the tape was nuked meanwhile. */
  recordSubmission(id: string, state: Partial<OvenState>, fault?: Fault): Promise<void>;
  /** Notes a failure of a bake, once for each `delivery`, unless there is an MP4. */
  recordBakeFailure(id: string, delivery: string, fault: Fault): Promise<void>;
  /** Leases the tape to `owner` until `until` and returns it; 'busy' while another has the lease. */
  lease(id: string, owner: string, until: Date): Promise<Tape | 'busy' | undefined>;
  /** Changes a leased tape and returns it; undefined when the lease was lost. */
  checkpoint(id: string, owner: string, changes: Changes): Promise<Tape | undefined>;
  /** Makes the last changes and ends the lease. */
  release(id: string, owner: string, changes?: Changes): Promise<void>;
  /** Marks a tape as nuked and still to be purged, unless it is already. */
  nuke(id: string): Promise<void>;
  /** Makes a nuked tape a normal one, with changes; undefined when it is not nuked or its purge is not done. */
  bringBack(id: string, changes: Changes): Promise<Tape | undefined>;
  /** Tapes that are due, the longest overdue first. `blobLimit` is the PDS's limit in bytes, if it says one. */
  due(now: Date, blobLimit: number | undefined, limit: number): Promise<readonly Tape[]>;
  /** Moves a due tape to `nextAt`; false when another run did, or the tape is not due any more. */
  claim(tape: Tape, nextAt: Date): Promise<boolean>;
  /** Counts a request to Oven to send the callback again, whatever Oven answered. */
  countResend(tape: Tape): Promise<void>;
  /** Ends the retries of a tape. */
  giveUp(tape: Tape, fault: Fault): Promise<void>;
  /** Lets a preview be published, and returns it: a linked MP4 is due for its record. */
  publish(tape: Tape): Promise<Tape>;
  /** Starts a tape again that was given up, and returns it. */
  revive(tape: Tape): Promise<Tape>;
  /** Nuked tapes whose purge is not done. */
  unpurged(limit: number): Promise<readonly Tape[]>;
}

/** The unfinished part of a tape: its MP4 or its record. */
export function unfinishedPart(tape: Tape): 'mp4' | 'record' | undefined {
  if (tape.mp4Status !== 'complete') return 'mp4';
  const sync = tape.oven?.sync;
  return sync !== undefined && sync.status !== 'complete' ? 'record' : undefined;
}

/** Whether the MP4 of bake `id` is published, or superseded by a later one. */
export function deliveryState(sync: Sync | undefined, id: string): 'done' | 'superseded' | undefined {
  if (sync?.superseded.includes(id)) return 'superseded';
  return sync?.bake === id && sync.status === 'complete' ? 'done' : undefined;
}
