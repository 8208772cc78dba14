/** The interface of a storage of finished files, and their owners. `open.ts` opens a storage: a bucket, or a folder. */
import type { OutputKind, StillFormat } from '../bake/outputs.ts';
import { OvenError, type StorageCode } from '../errors.ts';
import type { Acl } from '../schemas/request.ts';
import type { Account } from './s3.ts';

/** Where finished files go: a public bucket, or a folder that Oven serves. */
export interface OutputStorage {
  /** The public URL of an output, whether it is stored or not. */
  url(name: string, kind: OutputKind, format?: StillFormat): string;
  /**
   * Stores a file under the key of its name, whole or not at all, and returns its public URL. It replaces a file that the
   * same tape stored before. Throws StorageError, with SLUG_TAKEN when a file of the name belongs to another tape, or has
   * no known owner and `replaces` does not name it; the signal's reason when aborted; and errors of the file unchanged.
   */
  put(file: OutputFile, signal: AbortSignal): Promise<string>;
  /** Removes all outputs of a name, or those of one owner, and returns the keys that were there. Throws StorageError. */
  remove(name: string, owner?: TapeOwner): Promise<readonly string[]>;
  /**
   * Writes, reads and deletes a file. `inspect` gets its public URL while it is there. Throws StorageError, and what
   * `inspect` throws.
   */
  check(inspect?: (url: string, content: string) => Promise<void>): Promise<void>;
  /** The folder that holds `tapes/`; undefined for a bucket. */
  readonly folder: string | undefined;
  close(): void;
}

export interface OutputFile {
  /** The slug, or the code. */
  readonly name: string;
  readonly kind: OutputKind;
  /** The format of a still. */
  readonly format?: StillFormat | undefined;
  readonly path: string;
  /** The tape that owns the file. */
  readonly mongoId: string;
  /** Who may read it; everyone when left out. */
  readonly acl?: Acl | undefined;
  /** URL of the tape's MP4 from before Oven, which has no owner. */
  readonly replaces?: string | undefined;
}

/** One tape as the owner of stored files. */
export interface TapeOwner {
  readonly mongoId: string;
  /** Whether files without an owner belong to this tape too. */
  readonly unowned: boolean;
}

/** Whether a stored file belongs to a tape; `mongoId` is its recorded owner, undefined if it has none. */
export function isOwnedBy(mongoId: string | undefined, owner: TapeOwner): boolean {
  return mongoId === undefined ? owner.unowned : mongoId === owner.mongoId;
}

export interface StorageOptions extends Account {
  /** Host or URL that serves the bucket's files in place of the bucket itself. */
  readonly cdn?: string | undefined;
  /** The URL of the service, which serves a folder's files below `/files/`. */
  readonly publicUrl?: URL | undefined;
}

/** The one error that a storage throws on purpose: `message` names no key, address or path; `cause` may hold those. */
export class StorageError extends OvenError<StorageCode> {
  override readonly name = 'StorageError';

  constructor(code: StorageCode, options?: { cause?: unknown }) {
    super(code, undefined, options);
  }
}
