import { setTimeout as delay } from 'node:timers/promises';
import {
  addJobs,
  identityLock,
  type Policy,
  repairIndex,
  requeue,
  resendCallback,
  settleAll,
} from './add.ts';
import type { Admission } from './capacity.ts';
import { readFailure } from './failure.ts';
import { type BakeRequest, identityOf, nextJobId as nextId, onlyRequest } from './job.ts';
import { withLock } from './lock.ts';
import { type FoundJob, findJob, type TapeStatus, toStatus } from './status.ts';
import { withdrawStop } from './stop-requests.ts';
import { keys, type Store } from './store.ts';

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

/** What changing the queue takes. */
export interface Desk {
  readonly store: Store;
  readonly policy: Policy;
  readonly admission: Admission;
}

/** A cancelled bake has stopped by then, or is not going to. */
const STOP_MS = 5000;
const POLL_MS = 25;

/** Puts a request in the queue, or finds what became of it before. It is in Redis when this resolves. */
export async function submit(
  desk: Desk,
  given: BakeRequest,
  { rebake = false, priority = 0 }: SubmitOptions = {},
): Promise<Submitted> {
  const { store, policy, admission } = desk;
  const request = onlyRequest(given);
  const identity = identityOf(request);
  return withLock(store.redis, identityLock(store, identity), async () => {
    const jobId = (await store.redis.get(keys.latest(store.prefix, identity))) ?? identity;
    const found = await findJob(store, jobId);
    if (
      found &&
      !found.isFinished &&
      found.stopRequest === 'cancel' &&
      (await withdrawCancellation(store, found))
    ) {
      return { jobId, status: 'queued', created: true, outcome: 'retrying' };
    }
    const seen = found?.stopRequest === undefined ? found : await waitUntilStopped(store, jobId);
    const status = seen === undefined ? null : toStatus(seen).status;
    const old = (outcome: Submitted['outcome']) => ({ jobId, status, created: false, outcome });
    const admit = async (id: string, outcome: 'accepted' | 'retrying', add: () => Promise<void>) => {
      const added = await admission.admit(async () => {
        const latest = keys.latest(store.prefix, identity);
        await settleAll([store.redis.set(latest, id, 'EX', 2 * policy.historySeconds), add()]);
        return { jobId: id, status: 'queued', created: true, outcome } as const;
      });
      return added ?? old('full');
    };
    const accept = (id: string) => admit(id, 'accepted', () => addJobs(store, policy, id, request, priority));

    if (seen === undefined) return accept(jobId);
    await repairIndex(store, policy, jobId, seen.job.data);
    if (!seen.isFinished) return old(rebake ? 'conflict' : 'already');
    if (rebake) return accept(await nextFreeId(store, jobId));
    const oldCallbackId = seen.job.data.callbackId;
    if (seen.state === 'failed' && readFailure(seen.job.failedReason).retryable) {
      const pending = { policy, jobId, request, priority, oldCallbackId };
      return admit(jobId, 'retrying', () => requeue(store, pending));
    }
    await resendCallback(store, policy, jobId, oldCallbackId, request);
    return old(seen.state === 'completed' ? 'done' : 'failed-for-good');
  });
}

/** Whether a cancelled job could be left in the queue after all: no worker had it yet. */
async function withdrawCancellation(store: Store, { job, state }: FoundJob): Promise<boolean> {
  if (state === 'active') return false;
  await withdrawStop(store.redis, store.prefix, job.data.callbackId);
  const now = await findJob(store, job.id!);
  return now !== undefined && !now.isFinished && now.state !== 'active';
}

/** The job when it has stopped, or is gone; or as it is when it does not stop. */
async function waitUntilStopped(store: Store, jobId: string): Promise<FoundJob | undefined> {
  const deadline = performance.now() + STOP_MS;
  for (;;) {
    const seen = await findJob(store, jobId);
    if (seen === undefined || seen.isFinished || performance.now() > deadline) return seen;
    await delay(POLL_MS);
  }
}

/** The id after `jobId` that no job has: the history may still hold some that nobody remembers as the latest. */
async function nextFreeId(store: Store, jobId: string): Promise<string> {
  for (let id = nextId(jobId); ; id = nextId(id)) {
    if ((await store.bakes.getJob(id)) === undefined) return id;
  }
}
