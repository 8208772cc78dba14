/** Fetches a tape from where it is: the tape bucket, or any other allowed URL. */
import type { LookupFunction } from 'node:net';
import { failureCodeOf, isTransient } from '../errors.ts';
import { withDeadline } from '../lib/deadline.ts';
import { withRetries } from '../lib/retry.ts';
import type { Allowed } from './allow-list.ts';
import { download, notAllowed, type OnBytes } from './download.ts';
import { timedOut } from './errors.ts';
import type { TapeBucket } from './tape-bucket.ts';

export interface Source {
  /**
   * Fetches a tape into a new file, which is there afterwards only if it is whole. Throws SourceError, the signal's reason when
   * aborted, and errors of the file (EEXIST, ENOSPC) unchanged.
   */
  fetch(zipUrl: URL, file: string, how: FetchHow): Promise<{ bytes: number }>;
}

export interface FetchHow {
  readonly signal: AbortSignal;
  /** Begins at 0 again with every attempt. */
  readonly onProgress?: OnBytes | undefined;
}

export interface SourceOptions {
  readonly tapeBuckets: readonly TapeBucket[];
  readonly allowed: Allowed;
  readonly maxBytes: number;
  /** Attempts at most. */
  readonly attempts?: number | undefined;
  /** Longest waits between attempts, in milliseconds. */
  readonly delays?: readonly number[] | undefined;
  /** Milliseconds to connect, without a byte, and for one attempt as a whole. */
  readonly connectMs?: number | undefined;
  readonly idleMs?: number | undefined;
  readonly totalMs?: number | undefined;
  /** Replaces the system's lookup in tests. */
  readonly lookup?: LookupFunction | undefined;
}

/** A hiccup of the bucket passes sooner than the worker's pause. */
function isRetryable(error: unknown): boolean {
  return isTransient(error) || failureCodeOf(error) === 'SOURCE_BUCKET_DOWN';
}

/** Opens all sources: a URL in a tape bucket is read with its keys, any other allowed URL with a plain GET. */
export function openSource(options: SourceOptions): Source {
  const { tapeBuckets, allowed, maxBytes, attempts = 3, delays = [500, 2000] } = options;
  const { connectMs = 5000, idleMs = 20_000, totalMs = 120_000, lookup } = options;
  const fetchOnce = (zipUrl: URL, file: string, { signal, onProgress }: FetchHow) => {
    if (!allowed(zipUrl)) throw notAllowed(zipUrl);
    for (const tapeBucket of tapeBuckets) {
      const key = tapeBucket.keyOf(zipUrl);
      if (key === undefined) continue;
      return withDeadline(totalMs, signal, timedOut, (signal) =>
        tapeBucket.download(key, file, { signal, maxBytes, onProgress }),
      );
    }
    const limits = { maxBytes, connectMs, idleMs, totalMs };
    return download(zipUrl, file, { isAllowed: allowed, ...limits, signal, onProgress, lookup });
  };
  return {
    fetch: (zipUrl, file, how) => {
      const retry = { attempts, delays, signal: how.signal, isRetryable };
      return withRetries(async () => fetchOnce(zipUrl, file, how), retry);
    },
  };
}
