import { addTape, type Policy } from './add.ts';
import type { BakeRequest } from './job.ts';
import { locked } from './lock.ts';
import { keys, type Store } from './store.ts';

/** A new attempt that was begun. */
interface Renewal {
  readonly policy: Policy;
  readonly jobId: string;
  readonly request: BakeRequest;
  readonly priority: number;
  /** The callback of the attempt before. */
  readonly oldCallbackId: string;
}

/**
 * Makes a new attempt of a finished bake under the same id, with a new callback in place of the old one. BullMQ can't do
 * that in one step; what was begun is noted first, so that a crash in between loses no tape. The caller holds the lock.
 */
export async function renew(store: Store, renewal: Renewal): Promise<void> {
  await store.redis.hset(keys.renewals(store.prefix), renewal.jobId, JSON.stringify(renewal));
  await carryOut(store, renewal);
}

/** Carries out what others began and did not end. */
export async function finishRenewals(store: Store): Promise<void> {
  const key = keys.renewals(store.prefix);
  for (const jobId of await store.redis.hkeys(key)) {
    await locked(store.redis, lockOf(store, jobId), async () => {
      const noted = await store.redis.hget(key, jobId);
      if (noted !== null) await carryOut(store, JSON.parse(noted));
    });
  }
}

/** The lock of all that changes the jobs of one identity. */
export function lockOf(store: Store, jobId: string): string {
  return keys.lock(store.prefix, jobId.split('-')[0] ?? jobId);
}

async function carryOut(store: Store, renewal: Renewal): Promise<void> {
  const { policy, jobId, request, priority, oldCallbackId } = renewal;
  const job = await store.bakes.getJob(jobId);
  if (job === undefined || job.data.callbackId === oldCallbackId) {
    // A callback being sent just now can't be removed; it finds itself outdated and ends.
    await store.callbacks.remove(oldCallbackId, { removeChildren: false });
    await job?.remove({ removeChildren: false });
    await addTape(store, policy, jobId, request, priority);
  }
  await store.redis.hdel(keys.renewals(store.prefix), jobId);
}
