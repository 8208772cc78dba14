import type { Deps } from '../context.ts';
import { ApiError } from '../errors.ts';

/** Seconds that a caller is asked to wait for until it tries again. */
const RETRY_SECONDS = { queueFull: 15, draining: 30, disk: 60 };

/** Why no tape is taken just now, whatever the queue says. */
export async function refusalReason({
  drain,
  disk,
}: Pick<Deps, 'drain' | 'disk'>): Promise<ApiError | undefined> {
  if (drain.active) return new ApiError('DRAINING', { retryAfter: RETRY_SECONDS.draining });
  if (await disk.isShort()) return new ApiError('DISK', { retryAfter: RETRY_SECONDS.disk });
  return undefined;
}

/** That as many tapes wait as may. */
export function queueFull(): ApiError {
  return new ApiError('QUEUE_FULL', { retryAfter: RETRY_SECONDS.queueFull });
}

/** Where a caller finds out about a job. */
export function statusUrl({ publicUrl }: Pick<Deps, 'publicUrl'>, jobId: string): string {
  return `${publicUrl}/status/${jobId}`;
}
