/** Removes the jobs of a tape from the queue, the index and the history. */
import type { BakeRequest } from '../schemas/request.ts';
import { forgetEnded } from './history.ts';
import { indexJobs } from './job-index.ts';
import { keys, type Store } from './store.ts';

/** A bake and its callback. */
export interface TapeJobs {
  readonly jobId: string;
  readonly callbackId: string;
}

/** The text by which the index of a name has a tape. */
export function memberOf({ jobId, callbackId }: TapeJobs): string {
  return `${jobId} ${callbackId}`;
}

/** The request of a tape; undefined if neither the bake nor the callback is there any more. */
export async function requestOf(
  store: Store,
  { jobId, callbackId }: TapeJobs,
): Promise<BakeRequest | undefined> {
  const data = (await store.bakes.getJob(jobId))?.data ?? (await store.callbacks.getJob(callbackId))?.data;
  return data?.request;
}

/** Removes bake and callback of a tape; returns which of them a worker holds, so that it is still there. */
export async function removeTape(
  store: Store,
  { jobId, callbackId }: TapeJobs,
): Promise<'bake' | 'callback' | undefined> {
  if (!(await isGone(store, store.bakes, jobId))) return 'bake';
  await indexJobs(store, [jobId]);
  return (await removeCallback(store, callbackId)) ? undefined : 'callback';
}

/** Removes a callback; whether it is gone. One that is being sent stays: it finds out that it is outdated, and ends. */
export async function removeCallback(store: Store, callbackId: string): Promise<boolean> {
  const gone = await isGone(store, store.callbacks, callbackId);
  if (gone) await forgetEnded(store, callbackId);
  return gone;
}

export async function removeFromIndex(store: Store, names: readonly string[], jobs: TapeJobs): Promise<void> {
  for (const name of new Set(names)) await store.redis.srem(keys.slug(store.prefix, name), memberOf(jobs));
}

async function isGone(
  store: Store,
  queue: Store['bakes'] | Store['callbacks'],
  id: string,
): Promise<boolean> {
  if ((await store.redis.exists(queue.toKey(id))) === 0) return true;
  // BullMQ returns 0 for a job that a worker holds, 1 for one that is gone.
  return (await queue.remove(id, { removeChildren: false })) === 1;
}
