import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from 'bullmq';
import type { CallbackData } from './job.ts';
import { leaveMark, readMark } from './marks.ts';
import { keys, type Store } from './store.ts';

export interface Purged {
  readonly removed: readonly string[];
  /** Bakes that were told to stop and had not when the time was up; they send no callback. */
  readonly running: readonly string[];
}

const POLL_MS = 25;
/** How long a callback under way is waited for: it may be its receiver who purges, and who answers it only after that. */
const CALLBACK_MS = 1000;

/** What of a tape was noted under its slug. */
interface Noted {
  readonly member: string;
  readonly jobId: string;
  readonly callbackId: string;
}

/**
 * Removes every job and callback of a slug; running bakes are stopped, for at most `waitMs` milliseconds. A callback that is being sent
 * just then is removed by its worker.
 */
export async function purge(
  store: Store,
  slug: string,
  markSeconds: number,
  waitMs: number,
): Promise<Purged> {
  const slugKey = keys.slug(store.prefix, slug);
  const tapes = (await store.redis.smembers(slugKey)).map(readMember);
  for (const { jobId, callbackId } of tapes) {
    await leaveMark(store.redis, store.prefix, callbackId, 'purge', markSeconds);
    await store.redis.hdel(keys.renewals(store.prefix), jobId); // a crash left it there: nobody is to carry it out
  }
  const removed = new Set<string>();
  const began = performance.now();
  let left = tapes;
  let baking: readonly Noted[] = [];
  for (;;) {
    const held: Noted[] = [];
    const running: Noted[] = [];
    for (const tape of left) {
      const rest = await removeTape(store, tape);
      if (rest !== 'bake') removed.add(tape.jobId);
      if (rest === 'nothing') await store.redis.srem(slugKey, tape.member);
      else held.push(tape);
      if (rest === 'bake') running.push(tape);
    }
    left = held;
    baking = running;
    const patience = baking.length > 0 ? waitMs : Math.min(waitMs, CALLBACK_MS);
    if (left.length === 0 || performance.now() > began + patience) break;
    await delay(POLL_MS);
  }
  const running = new Set(baking.map(({ jobId }) => jobId));
  return { removed: [...removed].filter((jobId) => !running.has(jobId)), running: [...running] };
}

/** Removes a callback that ended just now, if its tape was purged while it was sent. */
export async function forgetPurged(store: Store, { id, data }: Job<CallbackData, string>): Promise<void> {
  if ((await readMark(store.redis, store.prefix, id!)) !== 'purge') return;
  const slugKey = keys.slug(store.prefix, data.request.slug);
  for (const member of await store.redis.smembers(slugKey)) {
    const tape = readMember(member);
    const isIt = tape.callbackId === id;
    if (isIt && (await removeTape(store, tape)) === 'nothing') await store.redis.srem(slugKey, member);
  }
}

function readMember(member: string): Noted {
  const [jobId = '', callbackId = ''] = member.split(' ');
  return { member, jobId, callbackId };
}

/** Removes what it can of a tape; gives what is left, since somebody holds it. */
async function removeTape(
  store: Store,
  { jobId, callbackId }: Noted,
): Promise<'nothing' | 'callback' | 'bake'> {
  const isGone = async (queue: Store['bakes'] | Store['callbacks'], id: string) =>
    (await queue.getJob(id)) === undefined ||
    // BullMQ says 0 for a job that somebody holds, 1 for one that is gone.
    (await queue.remove(id, { removeChildren: false })) === 1;
  if (!(await isGone(store.bakes, jobId))) return 'bake';
  return (await isGone(store.callbacks, callbackId)) ? 'nothing' : 'callback';
}
