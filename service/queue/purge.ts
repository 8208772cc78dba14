/** DELETE /tapes in the queue: removes all jobs and callbacks of a slug or file name. */
import type { Job } from 'bullmq';
import { pollUntil } from '../lib/retry.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { type CallbackData, fileNameOf, namesOf } from './job.ts';
import { removeFromIndex, removeTape, requestOf, type TapeJobs } from './remove.ts';
import { readStopRequest, requestStop } from './stop-requests.ts';
import { keys, type Store } from './store.ts';

export interface Purged {
  readonly removed: readonly string[];
  /** Bakes that have not stopped within the time; they send no callback. */
  readonly running: readonly string[];
  /** Other names under which these jobs store files. */
  readonly names: readonly string[];
  /** Whether everyone may know the tapes. False for a name without a job too: its history may be gone, and it may be private. */
  readonly isPublic: boolean;
}

export interface PurgeOptions {
  /** The tape whose jobs are removed; all tapes' jobs if undefined. */
  readonly mongoId?: string | undefined;
  readonly stopRequestSeconds: number;
  /** How long to wait for active bakes. */
  readonly waitMs: number;
}

const POLL_MS = 25;
/** How long to wait for a callback that is being sent: its receiver may be the one that purges, and answers only after that. */
const CALLBACK_MS = 1000;

interface IndexedTape extends TapeJobs {
  /** Undefined if neither the bake nor the callback is there any more. */
  readonly request: BakeRequest | undefined;
}

/**
 * Removes every job and callback of a slug or file name. Active bakes are stopped, and waited for. A callback that is being
 * sent is removed by its worker.
 */
export async function purge(
  store: Store,
  name: string,
  { mongoId, stopRequestSeconds, waitMs }: PurgeOptions,
): Promise<Purged> {
  const indexed = await Promise.all((await readIndex(store, name)).map((job) => withRequest(store, job)));
  const tapes = indexed.filter(
    ({ request }) => mongoId === undefined || request === undefined || request.mongoId === mongoId,
  );
  for (const { jobId, callbackId } of tapes) {
    await requestStop(store.redis, store.prefix, callbackId, 'purge', stopRequestSeconds);
    await store.redis.hdel(keys.requeues(store.prefix), jobId); // of a process that crashed: it is not carried out now
  }
  const removed = new Set<string>();
  const began = performance.now();
  let remaining = tapes;
  /** Removes what it can of the remaining tapes, and returns those with an active bake. */
  const removeAll = async (): Promise<IndexedTape[]> => {
    const held: IndexedTape[] = [];
    const baking: IndexedTape[] = [];
    for (const tape of remaining) {
      const holder = await removeTape(store, tape);
      if (holder !== 'bake') removed.add(tape.jobId);
      if (holder === undefined) await removeFromIndex(store, [name, ...namesIn(tape)], tape);
      else held.push(tape);
      if (holder === 'bake') baking.push(tape);
    }
    remaining = held;
    return baking;
  };
  const isDone = (baking: IndexedTape[]) =>
    remaining.length === 0 || (baking.length === 0 && performance.now() > began + CALLBACK_MS);
  const baking = await pollUntil(removeAll, isDone, { everyMs: POLL_MS, waitMs });
  const running = new Set(baking.map(({ jobId }) => jobId));
  const fileNames = new Set(tapes.flatMap(({ request }) => (request ? [fileNameOf(request)] : [])));
  return {
    removed: [...removed].filter((jobId) => !running.has(jobId)),
    running: [...running],
    names: [...fileNames].filter((other) => other !== name),
    isPublic: tapes.length > 0 && tapes.every(({ request }) => request !== undefined && !request.private),
  };
}

/** Removes a callback that ended just now, if its tape was purged while the callback was sent. */
export async function removePurgedCallback(
  store: Store,
  { id, data }: Job<CallbackData, string>,
): Promise<void> {
  if ((await readStopRequest(store.redis, store.prefix, id!)) !== 'purge') return;
  for (const job of await readIndex(store, data.request.slug)) {
    if (job.callbackId !== id) continue;
    if ((await removeTape(store, job)) === undefined)
      await removeFromIndex(store, namesOf(data.request), job);
  }
}

async function readIndex(store: Store, name: string): Promise<TapeJobs[]> {
  const members = await store.redis.smembers(keys.slug(store.prefix, name));
  return members.map((member) => {
    const [jobId = '', callbackId = ''] = member.split(' ');
    return { jobId, callbackId };
  });
}

async function withRequest(store: Store, indexed: TapeJobs): Promise<IndexedTape> {
  return { ...indexed, request: await requestOf(store, indexed) };
}

function namesIn({ request }: IndexedTape): string[] {
  return request === undefined ? [] : namesOf(request);
}
