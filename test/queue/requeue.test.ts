import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../service/queue/store.ts';
import { fault, openQueueFixture, RESULT, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

// A crash after each step of a requeue.
it.each<[string, readonly ('callback' | 'bake')[]]>([
  ['its first step', []],
  ['the removal of the old callback', ['callback']],
  ['the removal of the old bake', ['callback', 'bake']],
])(
  'A requeue that a crash interrupted after %s is carried out by the workers that start next',
  async (_what, steps) => {
    const own = openQueueFixture(redis());
    let succeeds = false;
    const work = { bake: async () => (succeeds ? RESULT : Promise.reject(fault('NOT_A_ZIP'))) };
    const first = await own.work(work);
    const request = requestFor('a');
    const { jobId } = await own.queue.submit(request);
    const [failed] = await own.calls(1);
    await first.close(1);

    const store = openStore({ url: redis().url }, own.prefix, () => {});
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    const policy = { historySeconds: 100, attempts: 1, backoffMs: 1 };
    const pending = { policy, jobId, request, priority: 0, oldCallbackId: failed!.callbackId };
    await client.hset(`${own.prefix}:renewals`, jobId, JSON.stringify(pending));
    const remove = {
      callback: () => store.callbacks.remove(failed!.callbackId, { removeChildren: false }),
      bake: () => store.bakes.remove(jobId, { removeChildren: false }),
    };
    for (const step of steps) expect(await remove[step]()).toBe(1);
    store.redis.disconnect();

    succeeds = true;
    await own.work(work);
    await own.is(jobId, 'done');
    const calls = await own.calls(2);
    expect(calls[1]).toMatchObject({ jobId, outcome: { result: RESULT } });
    expect(calls[1]!.callbackId).not.toBe(failed!.callbackId);
    expect(await client.exists(`${own.prefix}:renewals`)).toBe(0);
  },
);

it('A requeue that is complete is not carried out twice', async () => {
  const own = openQueueFixture(redis());
  let bakes = 0;
  const work = {
    bake: async () => {
      bakes += 1;
      return RESULT;
    },
  };
  const request = requestFor('a');
  const { jobId } = await own.queue.submit(request);
  const policy = { historySeconds: 100, attempts: 1, backoffMs: 1 };
  const pending = { policy, jobId, request, priority: 0, oldCallbackId: `${jobId}-the-one-before` };
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  await client.hset(`${own.prefix}:renewals`, jobId, JSON.stringify(pending));
  await own.work(work);
  await own.is(jobId, 'done');
  expect(await own.calls(1)).toHaveLength(1);
  expect(bakes).toBe(1);
  expect(await client.exists(`${own.prefix}:renewals`)).toBe(0);
});
