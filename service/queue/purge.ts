import { setTimeout as delay } from 'node:timers/promises';
import { leaveMark } from './marks.ts';
import { keys, type Store } from './store.ts';

export interface Purged {
  readonly removed: readonly string[];
  /** Bakes that were told to stop and had not when the time was up; they send no callback. */
  readonly running: readonly string[];
}

const POLL_MS = 25;

/** Removes every job and callback of a slug; running bakes are stopped, for at most `waitMs` milliseconds. */
export async function purge(
  store: Store,
  slug: string,
  markSeconds: number,
  waitMs: number,
): Promise<Purged> {
  const slugKey = keys.slug(store.prefix, slug);
  const tapes = (await store.redis.smembers(slugKey)).map((member) => {
    const [jobId = '', callbackId = ''] = member.split(' ');
    return { member, jobId, callbackId };
  });
  for (const { callbackId } of tapes) {
    await leaveMark(store.redis, store.prefix, callbackId, 'purge', markSeconds);
  }
  const removed = new Set<string>();
  const deadline = performance.now() + waitMs;
  let left = tapes;
  while (left.length > 0) {
    const held: typeof tapes = [];
    for (const tape of left) {
      if (await removeTape(store, tape)) {
        removed.add(tape.jobId);
        await store.redis.srem(slugKey, tape.member);
      } else held.push(tape);
    }
    left = held;
    if (left.length === 0 || performance.now() > deadline) break;
    await delay(POLL_MS);
  }
  const running = new Set(left.map(({ jobId }) => jobId));
  return { removed: [...removed].filter((jobId) => !running.has(jobId)), running: [...running] };
}

async function removeTape(store: Store, tape: { jobId: string; callbackId: string }): Promise<boolean> {
  const job = await store.bakes.getJob(tape.jobId);
  // BullMQ says 0 for a job that somebody holds, 1 for one that is gone.
  const bake = job === undefined || (await store.bakes.remove(tape.jobId, { removeChildren: false })) === 1;
  const gone = bake && (await store.callbacks.getJob(tape.callbackId)) === undefined;
  return gone || (bake && (await store.callbacks.remove(tape.callbackId, { removeChildren: false })) === 1);
}
