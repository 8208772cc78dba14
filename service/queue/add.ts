import { randomUUID } from 'node:crypto';
import { ErrorCode } from 'bullmq';
import { type BakeData, type BakeRequest, type CallbackData, namesOf } from './job.ts';
import { withLock } from './lock.ts';
import { BAKES, CALLBACKS, keys, type Store } from './store.ts';

/** How tapes are kept and tried. */
export interface Policy {
  /** How long finished jobs are kept. */
  readonly historySeconds: number;
  /** How often a bake that fails for a retryable reason is tried. */
  readonly attempts: number;
  /** Before the second attempt; doubled before each later one. */
  readonly backoffMs: number;
}

/**
 * Adds callback and bake in one step; the caller holds the lock of this identity, and there is no job of this id. Everything is sent at
 * once, in this order over one connection: each answer waited for by itself would cost a write to the disk.
 */
export async function addJobs(
  store: Store,
  policy: Policy,
  jobId: string,
  request: BakeRequest,
  priority = 0,
): Promise<void> {
  const callbackId = `${jobId}-${randomUUID()}`;
  const indexed = indexJob(store, policy, request, `${jobId} ${callbackId}`);
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
          ...retention(policy),
        },
      },
    ],
  });
  await settleAll([indexed, added]);
}

/** Notes a job for whoever purges its slug, or the name of its files. */
async function indexJob(store: Store, policy: Policy, request: BakeRequest, member: string): Promise<void> {
  const all = namesOf(request).map((name) => keys.slug(store.prefix, name));
  const notes = all.flatMap((key) => [
    store.redis.sadd(key, member),
    store.redis.expire(key, 2 * policy.historySeconds),
  ]);
  await settleAll(notes);
}

/** Notes a job that is there already, if Redis took the job but not the note when it was added (its caller was told of a failure). */
export async function repairIndex(
  store: Store,
  policy: Policy,
  jobId: string,
  data: BakeData,
): Promise<void> {
  const { request } = data;
  const member = `${jobId} ${data.callbackId}`;
  const all = namesOf(request).map((name) => store.redis.sismember(keys.slug(store.prefix, name), member));
  if ((await Promise.all(all)).includes(0)) await indexJob(store, policy, request, member);
}

/** As Promise.all, but rejects only when all have ended, so that no lock is given back while one is still under way. */
export async function settleAll(all: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(all);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Sends the callback of a finished bake again, under the same id, and with the newest request. */
export async function resendCallback(
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
    if (!isStateChange(error)) throw error;
  }
}

/** Whether an error of BullMQ says that a job was taken up, or purged, since its state was asked for. */
function isStateChange(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === ErrorCode.JobNotExist || code === ErrorCode.JobNotInState;
}

function newCallback(request: BakeRequest, jobId: string): CallbackData {
  return { request, jobId, delivery: { delivered: false, attempts: 0 }, tried: 0 };
}

function callbackOptions(policy: Policy) {
  // Attempts are for errors nobody foresaw; how long to go on otherwise is for `deliver` to say.
  return { attempts: 10, backoff: { type: 'exponential', delay: 30_000 }, ...retention(policy) };
}

function retention({ historySeconds: age }: Policy) {
  return { removeOnComplete: { age }, removeOnFail: { age }, stackTraceLimit: 0 };
}

/** A new attempt that was begun. */
interface Requeue {
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
export async function requeue(store: Store, pending: Requeue): Promise<void> {
  await store.redis.hset(keys.requeues(store.prefix), pending.jobId, JSON.stringify(pending));
  await applyRequeue(store, pending);
}

/** Carries out what others began and did not end. */
export async function finishRequeues(store: Store): Promise<void> {
  const key = keys.requeues(store.prefix);
  for (const jobId of await store.redis.hkeys(key)) {
    await withLock(store.redis, identityLock(store, jobId), async () => {
      const pending = await store.redis.hget(key, jobId);
      if (pending !== null) await applyRequeue(store, JSON.parse(pending));
    });
  }
}

/** The lock of all that changes the jobs of one identity. */
export function identityLock(store: Store, jobId: string): string {
  return keys.lock(store.prefix, jobId.split('-')[0] ?? jobId);
}

async function applyRequeue(store: Store, pending: Requeue): Promise<void> {
  const { policy, jobId, request, priority, oldCallbackId } = pending;
  const job = await store.bakes.getJob(jobId);
  if (job === undefined || job.data.callbackId === oldCallbackId) {
    // A callback being sent just now can't be removed; it finds itself outdated and ends.
    await store.callbacks.remove(oldCallbackId, { removeChildren: false });
    await job?.remove({ removeChildren: false });
    await addJobs(store, policy, jobId, request, priority);
  }
  await store.redis.hdel(keys.requeues(store.prefix), jobId);
}
