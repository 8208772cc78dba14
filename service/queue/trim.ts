/** Takes the oldest finished tapes out of the history. */
import { findBeyond, forgetEnded, type HistoryLimits, jobIdOf, recordAll, recordEnded } from './history.ts';
import { namesOf } from './job.ts';
import { withIdentityLock } from './lock.ts';
import { removeCallback, removeFromIndex, removeTape, requestOf } from './remove.ts';
import type { Store } from './store.ts';

export interface Trimmer {
  /** Records what a killed process or an older release left out, and trims. Stops when `signal` aborts. */
  catchUp(signal: AbortSignal): Promise<void>;
  /** Records a callback that has ended, and trims. */
  ended(callbackId: string): Promise<void>;
}

/** Keeps the history within its limits. A process trims once at a time; several processes may do so together. */
export function openTrimmer(store: Store, limits: HistoryLimits): Trimmer {
  let trimming: Promise<void> = Promise.resolve();
  const trimNext = () => {
    trimming = trimming.catch(() => {}).then(() => trim(store, limits));
    return trimming;
  };
  return {
    catchUp: async (signal) => {
      await recordAll(store, signal);
      if (!signal.aborted) await trimNext();
    },
    ended: async (callbackId) => {
      await recordEnded(store, [callbackId]);
      await trimNext();
    },
  };
}

async function trim(store: Store, limits: HistoryLimits): Promise<void> {
  for (;;) {
    const beyond = await findBeyond(store, limits);
    // Together: Redis waits for the disk once for all commands that come at once.
    await Promise.all(beyond.map((callbackId) => leave(store, callbackId)));
    if (beyond.length === 0) return;
  }
}

/** Removes a tape, unless something is still to come of it: a retry or a replay may have begun. */
async function leave(store: Store, callbackId: string): Promise<void> {
  const jobs = { jobId: jobIdOf(callbackId), callbackId };
  await withIdentityLock(store, jobs.jobId, async () => {
    const bake = await store.bakes.getJob(jobs.jobId);
    const hasBake = bake?.data.callbackId === callbackId; // a new attempt has a callback of its own
    const states = [await store.callbacks.getJobState(callbackId), hasBake && (await bake.getState())];
    if (states.every((state) => !state || ['completed', 'failed', 'unknown'].includes(state))) {
      const request = await requestOf(store, jobs);
      await (hasBake ? removeTape(store, jobs) : removeCallback(store, callbackId));
      if (request) await removeFromIndex(store, namesOf(request), jobs);
    }
    // What goes on is recorded again when it ends.
    await forgetEnded(store, callbackId);
  });
}
