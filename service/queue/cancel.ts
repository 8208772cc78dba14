import { leaveMark } from './marks.ts';
import { look } from './status.ts';
import type { Store } from './store.ts';

/** Stops a bake, wherever it runs, or has the next free worker end it; its callback tells of the failure. */
export async function cancel(
  store: Store,
  jobId: string,
  markSeconds: number,
): Promise<'cancelled' | 'finished' | 'absent'> {
  const seen = await look(store, jobId);
  if (seen === undefined) return 'absent';
  if (seen.isFinished) return 'finished';
  const { job, state } = seen;
  await leaveMark(store.redis, store.prefix, job.data.callbackId, 'cancel', markSeconds);
  // To the front of the queue. It may have been taken just now: then these fail, and its worker has heard of the mark.
  if (state === 'delayed') await job.promote().catch(() => {});
  if (state !== 'active') await job.changePriority({ priority: 0, lifo: true }).catch(() => {});
  return 'cancelled';
}
