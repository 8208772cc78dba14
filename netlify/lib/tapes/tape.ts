import type { ObjectId } from 'mongodb';

/** An error in a document. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly at: Date;
}

/** The functions' own state of a tape. It is in the field `oven`, because other fields belong to the rest of the site. */
export interface OvenState {
  /** When the functions made or adopted the document. They leave a document without it alone. */
  readonly adoptedAt?: Date;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** How often Oven accepted the tape or refused it for its own fault. */
  readonly attempts?: number;
  /** When the tape is submitted again, if no MP4 has come by then. */
  readonly nextAt?: Date;
  readonly jobId?: string;
  readonly acceptedAt?: Date;
  readonly error?: Fault;
  /** The webhook-id of the last callback with a failure. */
  readonly failedBy?: string;
  /** The tape is given up since then. */
  readonly gaveUpAt?: Date;
  /** The MP4 in pixels, seconds and bytes. */
  readonly mp4?: {
    readonly width?: number;
    readonly height?: number;
    readonly duration?: number;
    readonly bytes: number;
  };
  /** Set when the site's operator adopted the document. */
  readonly adoptedBy?: 'operator';
  /** What the document said before the operator adopted it. */
  readonly before?: Readonly<Record<string, unknown>>;
  /** False: the MP4 is linked and gets no record, whatever the callback says. */
  readonly publish?: boolean;
  readonly sync?: Sync;
  readonly lease?: Lease;
  readonly purge?: Purge;
}

/** Fields of a document that baking changes. */
export const BEFORE = [
  'mp4Status',
  'mp4Error',
  'mp4FailedAt',
  'mp4Url',
  'thumbnailUrl',
  'mp4CompletedAt',
] as const satisfies readonly (keyof Tape)[];

/** A blob in the PDS. */
export interface Blob {
  readonly cid: string;
  readonly mimeType: string;
  readonly size: number;
}

/** The lease as the document has it: only `owner` may change the tape until `until`. */
export interface Lease {
  readonly owner: string;
  readonly until: Date;
}

/** The state of a nuked tape's purge. */
export interface Purge {
  readonly done: boolean;
  readonly removed?: readonly Part[];
  readonly stays?: readonly Part[];
}

/** A part of a tape: the record in the PDS, Oven's files, the ZIP, or a video that Oven did not store. */
export type Part = 'record' | 'files' | 'zip' | 'video';

/** The state of an MP4's way into the PDS. */
export interface Sync {
  readonly status: 'pending' | 'complete' | 'too-large' | 'no-account' | 'not-published';
  /** The webhook-id of the bake that made the MP4. */
  readonly bake: string;
  /** Size of the MP4. */
  readonly bytes: number;
  /** webhook-ids of earlier bakes. Their callbacks have no effect. */
  readonly superseded: readonly string[];
  /** Checkpoint: the MP4 is in the PDS; the record is missing. */
  readonly blob?: Blob;
  /** The PDS's limit in bytes, when the MP4 was larger. */
  readonly limit?: number;
  readonly error?: Fault;
  /** When Oven is asked for the callback again, if the record is not written by then. */
  readonly nextAt?: Date;
  readonly resends?: number;
  readonly gaveUpAt?: Date;
}

/** A document of the collection `tapes`, with the fields that the functions know. Other code of the site writes it too. */
export interface Tape {
  readonly _id: ObjectId;
  /** Short and unique. */
  readonly code: string;
  /** `SUB/ID` for a draft of a user. */
  readonly slug: string;
  readonly when: Date;
  /** The bucket of the ZIP. Some older documents lack it. */
  readonly bucket?: string;
  readonly nuked?: boolean;
  /** `zip`; or `mp4` for a device that makes its own videos, which `source` names. */
  readonly kind?: string;
  readonly source?: string;
  /** The user's subject; absent or null for a guest. */
  readonly user?: string;
  /** `pending`, `oven-failed`, `complete`, or an older code's status. */
  readonly mp4Status?: string;
  readonly mp4Error?: string;
  readonly mp4FailedAt?: Date;
  readonly mp4Url?: string;
  readonly thumbnailUrl?: string;
  readonly mp4CompletedAt?: Date;
  /** The URL of a video, in documents of the first weeks. */
  readonly mp4?: unknown;
  /** The record in the PDS. */
  readonly at?: { readonly rkey: string; readonly uri: string; readonly cid: string };
  /** The record as older code noted it. */
  readonly atproto?: { readonly rkey?: string };
  readonly oven?: OvenState;
}

/** A tape before it has a code. */
export type NewTape = Pick<Tape, 'slug' | 'user'> & {
  readonly bucket: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** False: a preview. */
  readonly publish?: boolean;
};

/** A document's id in hexadecimal, as Oven and the record know it. */
export function idOf({ _id }: Pick<Tape, '_id'>): string {
  return _id.toHexString();
}
