/** POST /bake in the queue: adds a job, or finds out what became of the same request before. */

import { pollUntil } from '../lib/retry.ts';
import { settleAll } from '../lib/run-all.ts';
import { type BakeRequest, isPublished, onlyRequest } from '../schemas/request.ts';
import { addCallback, addJobs, type JobPolicy, repairIndex, requeue, resendCallback } from './add.ts';
import type { Capacity } from './capacity.ts';
import { readFailure } from './failure.ts';
import { identityOf, nextJobId } from './job.ts';
import { withIdentityLock } from './lock.ts';
import { publishToo } from './publish.ts';
import { type FoundJob, findJob, newestRequest, type TapeStatus, toStatus } from './status.ts';
import { withdrawStop } from './stop-requests.ts';
import { keys, type Store } from './store.ts';

export interface SubmitOptions {
  /** Makes a new job although the request was baked before. */
  readonly rebake?: boolean | undefined;
  /** Makes a new job, unless the tape's newest job was made for the same id. */
  readonly rebakeId?: string | undefined;
  /** As BullMQ's: 0 first, then 1 to 2097151, the lower the sooner. */
  readonly priority?: number | undefined;
}

export interface Submitted {
  readonly jobId: string;
  /** Null if the queue is full and there is no such job. */
  readonly status: TapeStatus | null;
  /** Whether the queue has a new bake. */
  readonly created: boolean;
  readonly outcome: 'accepted' | 'already' | 'done' | 'failed-for-good' | 'retrying' | 'conflict' | 'full';
}

/** How long to wait for a cancelled bake to stop, in milliseconds. */
const STOP_MS = 5000;
const POLL_MS = 25;

/** Adds a request to the queue, or finds its job. It is in Redis when this resolves. Throws when Redis can't be reached. */
export async function submit(
  store: Store,
  policy: JobPolicy,
  capacity: Capacity,
  given: BakeRequest,
  { rebake = false, rebakeId, priority = 0 }: SubmitOptions = {},
): Promise<Submitted> {
  const request = onlyRequest(given);
  const identity = identityOf(request);
  return withIdentityLock(store, identity, async () => {
    const jobId = (await store.redis.get(keys.latest(store.prefix, identity))) ?? identity;
    const found = await findJob(store, jobId);
    if (found && (await withdrawCancellation(store, found))) {
      await publishToo(store, policy, found.job, request);
      return { jobId, status: 'queued', created: true, outcome: 'retrying' };
    }
    const latest = found?.stopRequest === undefined ? found : await waitUntilStopped(store, jobId);
    const status = latest === undefined ? null : toStatus(latest).status;
    const unchanged = (outcome: Submitted['outcome']) => ({ jobId, status, created: false, outcome });
    const add = async (newId: string, outcome: 'accepted' | 'retrying', work: () => Promise<void>) => {
      const added = await capacity.admit(newId, async () => {
        const seconds = 2 * policy.historySeconds;
        const remembered = store.redis.set(keys.latest(store.prefix, identity), newId, 'EX', seconds);
        await settleAll([remembered, work()]);
        return { jobId: newId, status: 'queued', created: true, outcome } as const;
      });
      return added ?? unchanged('full');
    };
    const addAs = (newId: string) =>
      add(newId, 'accepted', () => addJobs(store, policy, newId, request, { priority, rebakeId }));

    if (latest === undefined) return addAs(jobId);
    const { job, state, isFinished } = latest;
    const { callbackId } = job.data;
    await repairIndex(store, policy, jobId, job.data);
    if (rebakeId !== undefined && job.data.rebakeId === rebakeId)
      return unchanged(isFinished ? 'done' : 'already');
    const again = rebake || rebakeId !== undefined;
    if (!isFinished) {
      if (again) return unchanged('conflict');
      await publishToo(store, policy, job, request);
      return unchanged('already');
    }
    if (again) return addAs(await nextFreeId(store, jobId));
    const former = await newestRequest(store, job.data);
    const newest = isPublished(former) ? { ...request, publish: undefined } : request;
    if (state === 'failed' && readFailure(job.failedReason).retryable) {
      const attempt = {
        policy,
        jobId,
        request: newest,
        priority,
        rebakeId: job.data.rebakeId,
        oldCallbackId: callbackId,
      };
      return add(jobId, 'retrying', () => requeue(store, attempt));
    }
    if (isPublished(newest) && !isPublished(former)) await addCallback(store, policy, job, newest);
    else await resendCallback(store, policy, jobId, callbackId, newest);
    return unchanged(state === 'completed' ? 'done' : 'failed-for-good');
  });
}

/** Withdraws a cancel if no worker has the job yet. Returns whether it did. */
async function withdrawCancellation(store: Store, found: FoundJob): Promise<boolean> {
  const { job, state, isFinished, stopRequest } = found;
  if (isFinished || stopRequest !== 'cancel' || state === 'active') return false;
  await withdrawStop(store.redis, store.prefix, job.data.callbackId);
  const now = await findJob(store, job.id!);
  return now !== undefined && !now.isFinished && now.state !== 'active';
}

/** The job after it has stopped, undefined if it is gone, or the active job if it does not stop in time. */
function waitUntilStopped(store: Store, jobId: string): Promise<FoundJob | undefined> {
  const hasStopped = (found: FoundJob | undefined) => found === undefined || found.isFinished;
  return pollUntil(() => findJob(store, jobId), hasStopped, { everyMs: POLL_MS, waitMs: STOP_MS });
}

/** The first id after `jobId` without a job: the history may hold jobs that are not recorded as the latest any more. */
async function nextFreeId(store: Store, jobId: string): Promise<string> {
  for (let id = nextJobId(jobId); ; id = nextJobId(id)) {
    if ((await store.bakes.getJob(id)) === undefined) return id;
  }
}
