/** A request to publish the video of a bake that was asked for as a preview, and has not ended. */
import { type BakeRequest, isPublished } from '../schemas/request.ts';
import { addCallback, type JobPolicy } from './add.ts';
import type { CallbackData } from './job.ts';
import { type BakeJob, newestRequest } from './status.ts';
import type { Store } from './store.ts';

/**
 * Lets the callback of an unfinished bake say that the video is published, if the new request wants that. What one request asked
 * to publish, a later one with `publish: false` does not take back. The caller holds the lock of the identity.
 */
export async function publishToo(
  store: Store,
  policy: JobPolicy,
  bake: BakeJob,
  request: BakeRequest,
): Promise<void> {
  const former = await newestRequest(store, bake.data);
  if (!isPublished(request) || isPublished(former)) return;
  const newest = { ...former, publish: undefined };
  const callback = await store.callbacks.getJob(bake.data.callbackId);
  if (callback === undefined) return; // purged just now
  // A callback whose bake has ended meanwhile may have gone out as it was.
  const isChanged = await changeWaiting(store, callback.id!, { ...callback.data, request: newest });
  if (!isChanged) await addCallback(store, policy, bake, newest);
}

const CHANGE_WAITING =
  'if redis.call("zscore", KEYS[1], ARGV[1]) then return redis.call("hset", KEYS[2], "data", ARGV[2]) end return -1';

/** Changes the data of a callback only while it waits for its bake; whether it did. BullMQ has no such condition. */
async function changeWaiting({ redis, callbacks }: Store, id: string, data: CallbackData): Promise<boolean> {
  const where = [callbacks.toKey('waiting-children'), callbacks.toKey(id)] as const;
  return (await redis.eval(CHANGE_WAITING, 2, ...where, id, JSON.stringify(data))) !== -1;
}
