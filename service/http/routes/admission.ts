/** Whether tapes are taken just now. */
import type { Drain } from '../../drain.ts';
import type { DiskMonitor } from '../../health/disk.ts';
import { ApiError } from '../errors.ts';

/** Seconds after which a caller may try again. */
const RETRY_SECONDS = { queueFull: 15, draining: 30, disk: 60 };

/** Why no tape is taken just now, apart from a full queue; undefined if tapes are taken. */
export async function refusalReason(
  drain: Pick<Drain, 'current'>,
  disk: DiskMonitor,
): Promise<ApiError | undefined> {
  if ((await drain.current()).phase === 'drained')
    return new ApiError('DRAINING', { retryAfter: RETRY_SECONDS.draining });
  if (await disk.isShort()) return new ApiError('DISK', { retryAfter: RETRY_SECONDS.disk });
  return undefined;
}

export function queueFull(): ApiError {
  return new ApiError('QUEUE_FULL', { retryAfter: RETRY_SECONDS.queueFull });
}

/** The URL of a job's status. `publicUrl` has no slash at its end. */
export function statusUrl(publicUrl: string, jobId: string): string {
  return `${publicUrl}/status/${jobId}`;
}
