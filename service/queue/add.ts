import { randomUUID } from 'node:crypto';
import { ErrorCode } from 'bullmq';
import { type BakeData, type BakeRequest, type CallbackData, namesOf } from './job.ts';
import { BAKES, CALLBACKS, keys, type Store } from './store.ts';

/** How tapes are kept and tried. */
export interface Policy {
  /** How long finished jobs are kept. */
  readonly historySeconds: number;
  /** How often a bake that fails for a passing reason is tried. */
  readonly attempts: number;
  /** Before the second attempt; doubled before each later one. */
  readonly backoffMs: number;
}

/**
 * Adds callback and bake in one step; the caller holds the lock of this identity, and there is no job of this id. Everything is sent at
 * once, in this order over one connection: each answer waited for by itself would cost a write to the disk.
 */
export async function addTape(
  store: Store,
  policy: Policy,
  jobId: string,
  request: BakeRequest,
  priority = 0,
): Promise<void> {
  const callbackId = `${jobId}-${randomUUID()}`;
  const noted = noteNames(store, policy, request, `${jobId} ${callbackId}`);
  const { attempts, backoffMs: delay } = policy;
  const added = store.flows.add({
    name: 'callback',
    queueName: CALLBACKS,
    prefix: store.prefix,
    data: newCallback(request, jobId),
    opts: { jobId: callbackId, ...callbackOptions(policy) },
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
          attempts,
          backoff: { type: 'exponential', delay, jitter: 0.5 },
          ...kept(policy),
        },
      },
    ],
  });
  await allEnded([noted, added]);
}

/** Notes a job for whoever purges its slug, or the name of its files. */
async function noteNames(store: Store, policy: Policy, request: BakeRequest, member: string): Promise<void> {
  const all = namesOf(request).map((name) => keys.slug(store.prefix, name));
  const notes = all.flatMap((key) => [
    store.redis.sadd(key, member),
    store.redis.expire(key, 2 * policy.historySeconds),
  ]);
  await allEnded(notes);
}

/** Notes a job that is there already, if Redis took the job but not the note when it was added (its caller was told of a failure). */
export async function noteAgain(store: Store, policy: Policy, jobId: string, data: BakeData): Promise<void> {
  const { request } = data;
  const member = `${jobId} ${data.callbackId}`;
  const all = namesOf(request).map((name) => store.redis.sismember(keys.slug(store.prefix, name), member));
  if ((await Promise.all(all)).includes(0)) await noteNames(store, policy, request, member);
}

/** As Promise.all, but rejects only when all have ended, so that no lock is given back while one is still under way. */
export async function allEnded(all: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(all);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Sends the callback of a finished bake again, under the same id, and with the newest request. */
export async function sendAgain(
  store: Store,
  policy: Policy,
  jobId: string,
  callbackId: string,
  request: BakeRequest,
): Promise<void> {
  const callback = await store.callbacks.getJob(callbackId);
  if (callback === undefined) {
    const options = { jobId: callbackId, ...callbackOptions(policy) };
    await store.callbacks.add('callback', newCallback(request, jobId), options);
    return;
  }
  const state = await callback.getState();
  if (state === 'active' || state === 'unknown') return; // under way already, or just removed
  const { attempts } = callback.data.delivery;
  try {
    await callback.updateData({ ...newCallback(request, jobId), delivery: { delivered: false, attempts } });
    if (state === 'delayed') await callback.promote();
    if (state !== 'completed' && state !== 'failed') return;
    await callback.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
  } catch (error) {
    if (!hasMovedOn(error)) throw error;
  }
}

/** Whether an error of BullMQ says that a job was taken up, or purged, since its state was asked for. */
function hasMovedOn(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === ErrorCode.JobNotExist || code === ErrorCode.JobNotInState;
}

function newCallback(request: BakeRequest, jobId: string): CallbackData {
  return { request, jobId, delivery: { delivered: false, attempts: 0 }, tried: 0 };
}

function callbackOptions(policy: Policy) {
  // Attempts are for errors nobody foresaw; how long to go on otherwise is for `deliver` to say.
  return { attempts: 10, backoff: { type: 'exponential', delay: 30_000 }, ...kept(policy) };
}

function kept({ historySeconds: age }: Policy) {
  return { removeOnComplete: { age }, removeOnFail: { age }, stackTraceLimit: 0 };
}
