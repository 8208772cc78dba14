import type { ObjectId } from 'mongodb';

/** Something that went wrong, as a document keeps it. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly at: Date;
}

/** What the functions know of a tape. All of it is in `oven`, since other fields belong to the rest of the site. */
export interface OvenState {
  /** When the functions made the document, or its owner gave it to them; without it they leave the document alone. */
  readonly adoptedAt?: Date;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** How often Oven took the tape or refused it for good. */
  readonly attempts?: number;
  /** When the tape is handed over (again) if no MP4 has come by then. */
  readonly nextAt?: Date;
  readonly jobId?: string;
  readonly acceptedAt?: Date;
  readonly error?: Fault;
  /** The webhook-id of the last failure that Oven told of. */
  readonly failedBy?: string;
  /** Nobody hands the tape over any more. */
  readonly gaveUpAt?: Date;
  /** Of the MP4: pixels, seconds, bytes. */
  readonly mp4?: {
    readonly width?: number;
    readonly height?: number;
    readonly duration?: number;
    readonly bytes: number;
  };
  /** False: the MP4 is linked, and there is no record. */
  readonly publish?: boolean;
  readonly sync?: Sync;
  readonly lease?: Lease;
  readonly purge?: Purge;
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

/** What was, or is still to be, removed of a nuked tape. */
export interface Purge {
  readonly done: boolean;
  readonly removed?: readonly Part[];
  readonly stays?: readonly Part[];
}

/** The record in the PDS, Oven's files, the ZIP, and a video that Oven did not store. */
export type Part = 'record' | 'files' | 'zip' | 'video';

/** How far an MP4 is on its way into the PDS. */
export interface Sync {
  readonly status: 'pending' | 'complete' | 'too-large' | 'no-account' | 'not-published';
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

/** A document of the collection `tapes`, as far as the functions know it; other code of the site writes it, too. */
export interface Tape {
  readonly _id: ObjectId;
  /** Short and unique. */
  readonly code: string;
  /** Of users' drafts, `SUB/ID`. */
  readonly slug: string;
  readonly when: Date;
  /** Where the ZIP is; absent in some documents from before. */
  readonly bucket?: string;
  readonly nuked?: boolean;
  /** `zip`, or `mp4` of a device that makes its videos itself, as `source` says. */
  readonly kind?: string;
  readonly source?: string;
  /** Subject of the user; absent or null for a guest. */
  readonly user?: string;
  /** `pending`, `oven-failed`, `complete`, or what older code wrote. */
  readonly mp4Status?: string;
  readonly mp4Error?: string;
  readonly mp4FailedAt?: Date;
  readonly mp4Url?: string;
  readonly thumbnailUrl?: string;
  readonly mp4CompletedAt?: Date;
  /** URL of a video in documents of the first weeks. */
  readonly mp4?: unknown;
  /** The record in the PDS. */
  readonly at?: { readonly rkey: string; readonly uri: string; readonly cid: string };
  /** Another way in which older code noted the record. */
  readonly atproto?: { readonly rkey?: string };
  readonly oven?: OvenState;
}

/** What is known of a tape before it has a code. */
export type NewTape = Pick<Tape, 'slug' | 'user'> & {
  readonly bucket: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
};

/** A document's id in hexadecimal, as Oven and the record know it. */
export function idOf({ _id }: Pick<Tape, '_id'>): string {
  return _id.toHexString();
}
