/**
 * Jobs are put into the queue here. A tape is a BullMQ flow of two jobs: the bake, and the callback as its parent, which runs
 * after the bake has ended in any way.
 */
import { randomUUID } from 'node:crypto';
import { ErrorCode, type Job } from 'bullmq';
import { settleAll } from '../lib/run-all.ts';
import type { BakeRequest } from '../schemas/request.ts';
import { type BakeData, type CallbackData, namesOf, withoutMetadata } from './job.ts';
import { indexJobs } from './job-index.ts';
import { withIdentityLock } from './lock.ts';
import { removeCallback } from './remove.ts';
import { BAKES, CALLBACKS, keys, type Store } from './store.ts';

/** How long jobs are kept, and how often a bake is tried. */
export interface JobPolicy {
  /** How long finished jobs are kept. */
  readonly historySeconds: number;
  /** Attempts of a bake at most. */
  readonly attempts: number;
  /** Before the second attempt; doubled before each later one. */
  readonly backoffMs: number;
}

/**
 * Adds callback and bake in one step. The caller holds the lock of the identity, and there is no job of this id. All commands
 * are sent at once, in this order over one connection: to wait for each answer would cost a write to the disk each time.
 */
export async function addJobs(
  store: Store,
  policy: JobPolicy,
  jobId: string,
  request: BakeRequest,
  { priority = 0, rebakeId }: { readonly priority?: number; readonly rebakeId?: string | undefined } = {},
): Promise<void> {
  const callbackId = newCallbackId(jobId);
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
        data: { request: withoutMetadata(request), callbackId, rebakeId },
        opts: {
          jobId,
          priority,
          ignoreDependencyOnFailure: true, // the callback reports failures too
          attempts,
          backoff: { type: 'exponential', delay, jitter: 0.5 },
          ...retention(policy),
        },
      },
    ],
  });
  await settleAll([indexed, added]);
  // Nobody waits for this write: the connection keeps the order, so that later lists have the job, and `catchUp` makes up for it.
  void indexJobs(store, [jobId]).catch(() => {});
}

/** Records a job under its slug and the name of its files, so that a purge finds it. */
async function indexJob(
  store: Store,
  policy: JobPolicy,
  request: BakeRequest,
  member: string,
): Promise<void> {
  const all = namesOf(request).map((name) => keys.slug(store.prefix, name));
  const commands = all.flatMap((key) => [
    store.redis.sadd(key, member),
    store.redis.expire(key, 2 * policy.historySeconds),
  ]);
  await settleAll(commands);
}

/** Records a job that Redis took without its index entry: its caller got an error then, and asks again. */
export async function repairIndex(
  store: Store,
  policy: JobPolicy,
  jobId: string,
  { request, callbackId }: BakeData,
): Promise<void> {
  const member = `${jobId} ${callbackId}`;
  const all = namesOf(request).map((name) => store.redis.sismember(keys.slug(store.prefix, name), member));
  if ((await Promise.all(all)).includes(0)) await indexJob(store, policy, request, member);
}

/** Sends the callback of a finished bake again, under the same id, with the newest request. */
export async function resendCallback(
  store: Store,
  policy: JobPolicy,
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
  if (state === 'active' || state === 'unknown') return; // it is being sent, or was just removed
  const { delivery, attemptLog } = callback.data;
  try {
    await callback.updateData({
      ...newCallback(request, jobId),
      delivery: { delivered: false, attempts: delivery.attempts },
      attemptLog,
    });
    await callback.updateProgress(0);
    if (state === 'delayed') await callback.promote();
    if (state !== 'completed' && state !== 'failed') return;
    await callback.retry(state, { resetAttemptsMade: true, resetAttemptsStarted: true });
  } catch (error) {
    if (!isStateChange(error)) throw error;
  }
}

/**
 * Makes a new callback, with an id of its own, for a finished bake: a receiver may drop the old id, which it has seen. The bake
 * knows its new callback before that is added, so a crash in between loses nothing: the same request again adds it. The caller
 * holds the lock of the identity.
 */
export async function addCallback(
  store: Store,
  policy: JobPolicy,
  bake: Job<BakeData>,
  request: BakeRequest,
): Promise<void> {
  const jobId = bake.id!;
  const oldCallbackId = bake.data.callbackId;
  const callbackId = newCallbackId(jobId);
  await indexJob(store, policy, request, `${jobId} ${callbackId}`);
  try {
    await bake.updateData({ ...bake.data, request, callbackId });
  } catch (error) {
    if (isStateChange(error)) return;
    throw error;
  }
  await resendCallback(store, policy, jobId, callbackId, request);
  await bake.updateData({ ...bake.data, request: withoutMetadata(request), callbackId });
  await removeCallback(store, oldCallbackId);
}

function newCallbackId(jobId: string): string {
  return `${jobId}-${randomUUID()}`;
}

/** Whether BullMQ says that a worker took the job, or a purge removed it, since its state was read. */
function isStateChange(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === ErrorCode.JobNotExist || code === ErrorCode.JobNotInState;
}

function newCallback(request: BakeRequest, jobId: string): CallbackData {
  return { request, jobId, delivery: { delivered: false, attempts: 0 }, tried: 0 };
}

function callbackOptions(policy: JobPolicy) {
  // BullMQ's attempts are for bugs; `deliver` decides how long a callback is sent again.
  return { attempts: 10, backoff: { type: 'exponential', delay: 30_000 }, ...retention(policy) };
}

function retention({ historySeconds: age }: JobPolicy) {
  return { removeOnComplete: { age }, removeOnFail: { age }, stackTraceLimit: 0 };
}

/** A new attempt of a finished bake, as Redis keeps it until it is carried out. */
interface Requeue {
  readonly policy: JobPolicy;
  readonly jobId: string;
  readonly request: BakeRequest;
  readonly priority: number;
  readonly rebakeId?: string | undefined;
  /** The callback of the attempt before. */
  readonly oldCallbackId: string;
}

/**
 * Makes a new attempt of a finished bake under the same id, with a new callback in place of the old one. BullMQ can't do that
 * in one step, so the intent is recorded first: a crash in between loses no tape. The caller holds the lock of the identity.
 */
export async function requeue(store: Store, pending: Requeue): Promise<void> {
  await store.redis.hset(keys.requeues(store.prefix), pending.jobId, JSON.stringify(pending));
  await applyRequeue(store, pending);
}

/** Carries out the requeues that a process began and did not end. */
export async function finishRequeues(store: Store): Promise<void> {
  const key = keys.requeues(store.prefix);
  for (const jobId of await store.redis.hkeys(key)) {
    await withIdentityLock(store, jobId, async () => {
      const pending = await store.redis.hget(key, jobId);
      if (pending !== null) await applyRequeue(store, JSON.parse(pending));
    });
  }
}

async function applyRequeue(store: Store, pending: Requeue): Promise<void> {
  const { policy, jobId, request, priority, rebakeId, oldCallbackId } = pending;
  const job = await store.bakes.getJob(jobId);
  if (job === undefined || job.data.callbackId === oldCallbackId) {
    await removeCallback(store, oldCallbackId);
    await job?.remove({ removeChildren: false });
    await addJobs(store, policy, jobId, request, { priority, rebakeId });
  }
  await store.redis.hdel(keys.requeues(store.prefix), jobId);
}
