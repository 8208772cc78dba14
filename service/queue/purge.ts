import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { type BakeRequest, type CallbackData, fileNameOf, namesOf } from './job.ts';
import { readStopRequest, requestStop } from './stop-requests.ts';
import { keys, type Store } from './store.ts';

export interface Purged {
  readonly removed: readonly string[];
  /** Bakes that were told to stop and had not when the time was up; they send no callback. */
  readonly running: readonly string[];
  /** What else than the name that was asked for the files of these jobs are named. */
  readonly names: readonly string[];
}

export interface PurgeOptions {
  /** Whose jobs are removed; everybody's when undefined. */
  readonly mongoId?: string | undefined;
  readonly stopRequestSeconds: number;
  /** How long running bakes are waited for. */
  readonly waitMs: number;
}

const POLL_MS = 25;
/** How long a callback under way is waited for: it may be its receiver who purges, and who answers it only after that. */
const CALLBACK_MS = 1000;

/** What of a tape was noted under a name. */
interface IndexedJob {
  readonly member: string;
  readonly jobId: string;
  readonly callbackId: string;
}

/** With what was asked for, unless nothing is left of it. */
interface IndexedTape extends IndexedJob {
  readonly request: BakeRequest | undefined;
}

/**
 * Removes every job and callback of a slug or a name of files; running bakes are stopped, for at most `waitMs` milliseconds. A callback
 * that is being sent just then is removed by its worker.
 */
export async function purge(
  store: Store,
  name: string,
  { mongoId, stopRequestSeconds, waitMs }: PurgeOptions,
): Promise<Purged> {
  const found = await Promise.all(
    (await readIndex(store, name)).map((indexed) => withRequest(store, indexed)),
  );
  const tapes = found.filter(
    ({ request }) => mongoId === undefined || request === undefined || request.mongoId === mongoId,
  );
  for (const { jobId, callbackId } of tapes) {
    await requestStop(store.redis, store.prefix, callbackId, 'purge', stopRequestSeconds);
    await store.redis.hdel(keys.requeues(store.prefix), jobId); // a crash left it there: nobody is to carry it out
  }
  const removed = new Set<string>();
  const began = performance.now();
  let remaining = tapes;
  let baking: readonly IndexedTape[] = [];
  for (;;) {
    const held: IndexedTape[] = [];
    const running: IndexedTape[] = [];
    for (const tape of remaining) {
      const rest = await removeTape(store, tape);
      if (rest !== 'bake') removed.add(tape.jobId);
      if (rest === 'nothing') await removeFromIndex(store, [name, ...namesIn(tape)], tape);
      else held.push(tape);
      if (rest === 'bake') running.push(tape);
    }
    remaining = held;
    baking = running;
    const patience = baking.length > 0 ? waitMs : Math.min(waitMs, CALLBACK_MS);
    if (remaining.length === 0 || performance.now() > began + patience) break;
    await delay(POLL_MS);
  }
  const running = new Set(baking.map(({ jobId }) => jobId));
  return {
    removed: [...removed].filter((jobId) => !running.has(jobId)),
    running: [...running],
    names: [...new Set(tapes.flatMap(({ request }) => (request ? [fileNameOf(request)] : [])))].filter(
      (other) => other !== name,
    ),
  };
}

/** Removes a callback that ended just now, if its tape was purged while it was sent. */
export async function removePurgedCallback(
  store: Store,
  { id, data }: Job<CallbackData, string>,
): Promise<void> {
  if ((await readStopRequest(store.redis, store.prefix, id!)) !== 'purge') return;
  const names = namesOf(data.request);
  for (const tape of await readIndex(store, data.request.slug)) {
    const isIt = tape.callbackId === id;
    if (isIt && (await removeTape(store, tape)) === 'nothing') await removeFromIndex(store, names, tape);
  }
}

async function readIndex(store: Store, name: string): Promise<IndexedJob[]> {
  return (await store.redis.smembers(keys.slug(store.prefix, name))).map(readMember);
}

async function withRequest(store: Store, indexed: IndexedJob): Promise<IndexedTape> {
  const data =
    (await store.bakes.getJob(indexed.jobId))?.data ??
    (await store.callbacks.getJob(indexed.callbackId))?.data;
  return { ...indexed, request: data?.request };
}

function namesIn({ request }: IndexedTape): string[] {
  return request === undefined ? [] : namesOf(request);
}

async function removeFromIndex(
  store: Store,
  names: readonly string[],
  { member }: IndexedJob,
): Promise<void> {
  for (const name of new Set(names)) await store.redis.srem(keys.slug(store.prefix, name), member);
}

function readMember(member: string): IndexedJob {
  const [jobId = '', callbackId = ''] = member.split(' ');
  return { member, jobId, callbackId };
}

/** Removes what it can of a tape; gives what is left, since somebody holds it. */
async function removeTape(
  store: Store,
  { jobId, callbackId }: IndexedJob,
): Promise<'nothing' | 'callback' | 'bake'> {
  const isGone = async (queue: Store['bakes'] | Store['callbacks'], id: string) =>
    (await queue.getJob(id)) === undefined ||
    // BullMQ says 0 for a job that somebody holds, 1 for one that is gone.
    (await queue.remove(id, { removeChildren: false })) === 1;
  if (!(await isGone(store.bakes, jobId))) return 'bake';
  return (await isGone(store.callbacks, callbackId)) ? 'nothing' : 'callback';
}
