import type { Progress } from '../fetch/save.ts';
import { bucketArt } from './art-bucket.ts';
import { folderArt } from './art-folder.ts';
import type { Account } from './client.ts';

/** Where tapes come from: a private bucket, or a folder in its place. */
export interface Art {
  /** The key that a URL stands for, if it leads here. */
  keyOf(url: URL): string | undefined;
  /**
   * Fetches a tape into a new file, which is there afterwards only if all of it is: one attempt, without a time limit for
   * the whole. Throws FetchError, and errors of the file as they are.
   */
  download(key: string, file: string, how: ArtDownload): Promise<{ bytes: number }>;
  /** Proves that tapes could be read. Throws FetchError. */
  check(): Promise<void>;
  close(): void;
}

export interface ArtDownload {
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly onProgress?: Progress | undefined;
}

/** Opens the bucket of tapes; nothing is asked of it before the first use. */
export function openArt(account: Account): Art {
  return account.endpoint.protocol === 'file:' ? folderArt(account.endpoint) : bucketArt(account);
}
