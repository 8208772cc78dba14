import type { FlowJob } from 'bullmq';
import { expect, it, onTestFinished } from 'vitest';
import { addJobs, type JobPolicy, resendCallback } from '../../service/queue/add.ts';
import { identityOf } from '../../service/queue/job.ts';
import { openStore, type Store } from '../../service/queue/store.ts';
import { openQueueFixture, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();
const POLICY: JobPolicy = { historySeconds: 100, attempts: 1, backoffMs: 1 };

/** A store that calls `meanwhile` for each callback right after its state was read. */
function storeWhere(prefix: string, meanwhile: (store: Store, id: string) => Promise<unknown>): Store {
  const store = openStore({ url: redis().url }, prefix, () => {});
  onTestFinished(() => store.redis.disconnect());
  const getJob: Store['callbacks']['getJob'] = async (id) => {
    const job = await store.callbacks.getJob(id);
    if (job === undefined) return undefined;
    const getState = job.getState.bind(job);
    job.getState = async () => {
      const state = await getState();
      await meanwhile(store, id);
      return state;
    };
    return job;
  };
  return { ...store, callbacks: { getJob } as Store['callbacks'] };
}

// The callback changes its state right after that state was read.
it.each<[string, (store: Store, id: string) => Promise<unknown>]>([
  ['is due', async (store, id) => (await store.callbacks.getJob(id))?.promote()],
  ['is purged', (store, id) => store.callbacks.remove(id)],
])(
  'A replay of a callback that waits for its next attempt is no error if the callback %s meanwhile',
  async (_what, meanwhile) => {
    const own = openQueueFixture(redis());
    const workers = await own.work({ deliver: async () => ({ lastError: 'No.', retryInMs: 3_600_000 }) });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await expect.poll(async () => (await own.queue.counts()).callbacks.retrying).toBe(1);
    await workers.close(0);
    const store = storeWhere(own.prefix, meanwhile);
    const { callbackId } = (await store.bakes.getJob(jobId))!.data;
    await resendCallback(store, POLICY, jobId, callbackId, requestFor('a'));
    expect((await own.queue.counts()).callbacks.retrying).toBe(0);
  },
);

it('A replay of a finished callback is no error if the callback is purged meanwhile', async () => {
  const own = openQueueFixture(redis());
  const workers = await own.work();
  const { jobId } = await own.queue.submit(requestFor('a'));
  await expect.poll(async () => (await own.queue.status(jobId))?.callback.delivered).toBe(true);
  await workers.close(1);
  const store = storeWhere(own.prefix, ({ callbacks }, id) => callbacks.remove(id));
  const { callbackId } = (await store.bakes.getJob(jobId))!.data;
  await resendCallback(store, POLICY, jobId, callbackId, requestFor('a'));
});

it('A job without its index entry fails its request when all commands have ended, and the next request repairs the index', async () => {
  const own = openQueueFixture(redis());
  const store = storeWhere(own.prefix, async () => {});
  const before = Promise.withResolvers<void>();
  const refusing = {
    sadd: async () => Promise.reject(new Error('OOM')),
    expire: async () => 0,
  } as unknown as Store['redis'];
  const flows = { add: async (flow: FlowJob) => before.promise.then(() => store.flows.add(flow)) };
  const jobId = identityOf(requestFor('a'));
  let ended = false;
  const adding = addJobs(
    { ...store, redis: refusing, flows: flows as Store['flows'] },
    POLICY,
    jobId,
    requestFor('a'),
  ).finally(() => {
    ended = true;
  });
  adding.catch(() => {});
  await own.queue.checkWrite();
  expect(ended).toBe(false); // the lock is still held
  before.resolve();
  await expect(adding).rejects.toThrow('OOM');
  expect(await own.queue.submit(requestFor('a'))).toMatchObject({ jobId, outcome: 'already' });
  expect(await own.queue.purge('a')).toEqual({ removed: [jobId], running: [], names: [], isPublic: true });
});
