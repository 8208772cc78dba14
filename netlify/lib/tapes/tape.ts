import type { ObjectId } from 'mongodb';

/** Something that went wrong, as a document keeps it. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly at: Date;
}

/** How handing a tape to Oven stands. */
export interface OvenState {
  /** How often Oven took the tape or refused it for good. */
  readonly attempts: number;
  /** When the tape is handed over (again) if no MP4 has come by then. */
  readonly nextAt: Date;
  readonly jobId?: string;
  readonly acceptedAt?: Date;
  readonly error?: Fault;
  /** The webhook-id of the last failure that Oven told of. */
  readonly failedBy?: string;
  /** Nobody hands the tape over any more. */
  readonly gaveUpAt?: Date;
}

/** A blob that the PDS has. */
export interface Blob {
  readonly cid: string;
  readonly mimeType: string;
  readonly size: number;
}

/** Only its owner works on the tape, until it ends. */
export interface Lease {
  readonly owner: string;
  readonly until: Date;
}

/** How far an MP4 is on its way into the PDS. */
export interface AtSync {
  readonly status: 'pending' | 'complete' | 'too-large' | 'no-account';
  /** The webhook-id of the bake whose MP4 it is. */
  readonly bake: string;
  /** Of the MP4. */
  readonly bytes: number;
  /** webhook-ids of earlier bakes, whose callbacks mean nothing any more. */
  readonly superseded: readonly string[];
  /** Checkpoint: the MP4 is in the PDS, and only the record is missing. */
  readonly blob?: Blob;
  /** What the PDS takes, in bytes, when it was too little. */
  readonly limit?: number;
  readonly error?: Fault;
  /** When Oven is asked for the callback again if this isn't complete by then. */
  readonly nextAt?: Date;
  readonly resends?: number;
  readonly gaveUpAt?: Date;
}

/** A document of the collection `tapes`. */
export interface Tape {
  readonly _id: ObjectId;
  /** Short and unique. */
  readonly code: string;
  readonly slug: string;
  readonly when: Date;
  readonly bucket: string;
  readonly nuked?: boolean;
  readonly kind?: 'zip';
  /** Subject of the user; absent for a guest. */
  readonly user?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly mp4Status?: 'pending' | 'oven-failed' | 'complete';
  readonly mp4Error?: string;
  readonly mp4FailedAt?: Date;
  readonly mp4Url?: string;
  readonly thumbnailUrl?: string;
  readonly mp4CompletedAt?: Date;
  readonly oven?: OvenState;
  readonly atSync?: AtSync;
  readonly lease?: Lease;
  /** The record in the PDS. */
  readonly at?: { readonly rkey: string; readonly uri: string; readonly cid: string };
  /** A nuked tape whose files or record may still be public. */
  readonly purge?: { readonly done: boolean };
}

/** What is known of a tape before it has a code. */
export type NewTape = Pick<Tape, 'slug' | 'bucket' | 'user' | 'metadata'>;
