import type { OutputKind } from '../bake/outputs.ts';
import { bucketStorage } from './bucket-storage.ts';
import { folderStorage } from './folder-storage.ts';
import type { Account } from './s3.ts';

/** Where finished files go: a public bucket, or a folder that Oven serves. */
export interface OutputStorage {
  /** The public URL of an output, whether it is there or not. */
  url(name: string, kind: OutputKind): string;
  /**
   * Stores a file under its name's key, whole or not at all, and gives its public URL. A file that the same tape stored
   * before is replaced. Throws StorageError, SLUG_TAKEN when any file of the name belongs to another tape, or to nobody
   * known unless `replaces` names it; the signal's reason when aborted; and errors of the file as they are.
   */
  put(file: OutputFile, signal: AbortSignal): Promise<string>;
  /** Removes every output of a name, or what `of` says of them, and gives the keys that were there. Throws StorageError. */
  remove(name: string, of?: TapeOwner): Promise<readonly string[]>;
  /**
   * Proves that files can be written, read and deleted; `look` sees one meanwhile by its public URL. Throws StorageError, and what `look`
   * throws.
   */
  check(look?: (url: string, content: string) => Promise<void>): Promise<void>;
  /** The folder that holds `tapes/`, where it is one. */
  readonly folder: string | undefined;
  close(): void;
}

export interface OutputFile {
  /** The slug, or the code. */
  readonly name: string;
  readonly kind: OutputKind;
  readonly path: string;
  /** Whose file it is. */
  readonly mongoId: string;
  /** URL of the tape's MP4 from before Oven, which says nothing of its owner. */
  readonly replaces?: string | undefined;
}

/** Whose files are meant: one tape's, and those that say nothing of their owner, or not. */
export interface TapeOwner {
  readonly mongoId: string;
  readonly unowned: boolean;
}

export interface StorageOptions extends Account {
  /** Host, or URL, under which the bucket's files are given out in place of the bucket's own. */
  readonly cdn?: string | undefined;
  /** Of the service, which serves a folder's files below `/files/`. */
  readonly publicUrl?: URL | undefined;
}

/** Opens the storage; nothing is asked of it before the first use. Throws TypeError for options that make no URL. */
export function openStorage(options: StorageOptions): OutputStorage {
  return options.endpoint.protocol === 'file:' ? folderStorage(options) : bucketStorage(options);
}
