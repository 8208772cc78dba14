import { randomUUID } from 'node:crypto';
import { readFailure } from './failure.ts';
import { identify, rebake as nextId } from './identity.ts';
import { type BakeRequest, type CallbackData, onlyRequest } from './job.ts';
import { locked } from './lock.ts';
import { report, type TapeStatus } from './status.ts';
import { BAKES, CALLBACKS, keys, type Store } from './store.ts';

export interface SubmitOptions {
  /** Makes a new job of a request that was baked before. */
  readonly rebake?: boolean | undefined;
  /** As BullMQ's: 0 first, then 1 to 2097151, the lower the sooner. */
  readonly priority?: number | undefined;
}

export interface Submitted {
  readonly jobId: string;
  /** Null when the queue is full and there is no such job. */
  readonly status: TapeStatus | null;
  /** Whether a bake was put in the queue. */
  readonly created: boolean;
  readonly outcome: 'accepted' | 'already' | 'done' | 'failed-for-good' | 'retrying' | 'conflict' | 'full';
}

export interface Limits {
  readonly maxQueued: number;
  readonly historySeconds: number;
  readonly attempts: number;
  readonly backoffMs: number;
}

/** Puts a request in the queue, or finds what became of it before. It is in Redis when this resolves. */
export async function submit(
  store: Store,
  limits: Limits,
  given: BakeRequest,
  { rebake = false, priority = 0 }: SubmitOptions = {},
): Promise<Submitted> {
  const request = onlyRequest(given);
  const identity = identify(request);
  return locked(store.redis, keys.lock(store.prefix, identity), async () => {
    const jobId = (await store.redis.get(keys.latest(store.prefix, identity))) ?? identity;
    const job = await store.bakes.getJob(jobId);
    const known = job && (await report(store, job));
    const add = async (id: string, outcome: 'accepted' | 'retrying'): Promise<Submitted> => {
      if (await isFull(store, limits)) {
        return { jobId: id, status: known?.status ?? null, created: false, outcome: 'full' };
      }
      await store.redis.set(keys.latest(store.prefix, identity), id, 'EX', 2 * limits.historySeconds);
      if (outcome === 'retrying') await forget(store, id);
      await addTape(store, limits, id, request, priority);
      return { jobId: id, status: 'queued', created: true, outcome };
    };
    if (job === undefined || known === undefined) return add(jobId, 'accepted');
    const state = await job.getState();
    const old = (outcome: Submitted['outcome']) => ({ jobId, status: known.status, created: false, outcome });
    if (state !== 'completed' && state !== 'failed') return old(rebake ? 'conflict' : 'already');
    if (rebake) return add(nextId(jobId), 'accepted');
    if (state === 'failed' && readFailure(job.failedReason).passing) return add(jobId, 'retrying');
    await sendAgain(store, limits, jobId, job.data.callbackId, request);
    return old(state === 'completed' ? 'done' : 'failed-for-good');
  });
}

/** Adds callback and bake in one step; the caller holds the lock of this identity. */
export async function addTape(
  store: Store,
  limits: Limits,
  jobId: string,
  request: BakeRequest,
  priority = 0,
): Promise<void> {
  const callbackId = `${jobId}-${randomUUID()}`;
  const data: CallbackData = { request, jobId, delivery: { delivered: false, attempts: 0 } };
  const slugKey = keys.slug(store.prefix, request.slug);
  await store.redis.sadd(slugKey, `${jobId} ${callbackId}`);
  await store.redis.expire(slugKey, 2 * limits.historySeconds);
  await store.flows.add({
    name: 'callback',
    queueName: CALLBACKS,
    prefix: store.prefix,
    data,
    opts: { jobId: callbackId, ...callbackOptions(limits) },
    children: [
      {
        name: 'bake',
        queueName: BAKES,
        prefix: store.prefix,
        data: { request, callbackId },
        opts: {
          jobId,
          priority,
          ignoreDependencyOnFailure: true, // the callback tells of failures too
          attempts: limits.attempts,
          backoff: { type: 'exponential', delay: limits.backoffMs },
          ...kept(limits),
        },
      },
    ],
  });
}

/** Sends the callback of a finished bake again, under the same id, and with the newest request when given. */
export async function sendAgain(
  store: Store,
  limits: Limits,
  jobId: string,
  callbackId: string,
  request: BakeRequest,
): Promise<void> {
  const callback = await store.callbacks.getJob(callbackId);
  const delivery = { delivered: false, attempts: callback?.data.delivery.attempts ?? 0 };
  const data: CallbackData = { request, jobId, delivery };
  if (callback === undefined) {
    await store.callbacks.add('callback', data, { jobId: callbackId, ...callbackOptions(limits) });
    return;
  }
  const state = await callback.getState();
  if (state === 'delayed') await callback.promote();
  if (state !== 'completed' && state !== 'failed') return; // under way already
  await callback.updateData(data);
  await callback.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
}

/** Removes a finished bake and its callback to make room for another attempt under the same id. */
export async function forget(store: Store, jobId: string): Promise<void> {
  const job = await store.bakes.getJob(jobId);
  if (job === undefined) return;
  // A callback being sent just now can't be removed; it finds itself outdated and ends.
  await store.callbacks.remove(job.data.callbackId, { removeChildren: false });
  await job.remove({ removeChildren: false });
}

/** Whether as many bakes wait as may. */
export async function isFull(store: Store, limits: Limits): Promise<boolean> {
  return (await store.bakes.getJobCountByTypes('waiting', 'prioritized', 'delayed')) >= limits.maxQueued;
}

function callbackOptions(limits: Limits) {
  // Attempts are for errors nobody foresaw; how long to go on otherwise is for `deliver` to say.
  return { attempts: 10, backoff: { type: 'exponential', delay: 30_000 }, ...kept(limits) };
}

function kept({ historySeconds: age }: Limits) {
  return { removeOnComplete: { age }, removeOnFail: { age }, stackTraceLimit: 0 };
}
