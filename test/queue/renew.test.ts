import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../service/queue/store.ts';
import { fault, openQueueFixture, RESULT, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

// A crash between the steps of a new attempt, at each place where there is one.
it.each<[string, readonly ('callback' | 'bake')[]]>([
  ['before anything was removed', []],
  ['when the old callback was removed', ['callback']],
  ['when the old bake was removed too', ['callback', 'bake']],
])('a new attempt that was begun is carried out by the next to start: %s', async (_what, steps) => {
  const own = openQueueFixture(redis());
  let lucky = false;
  const work = { bake: async () => (lucky ? RESULT : Promise.reject(fault('NOT_A_ZIP'))) };
  const first = await own.work(work);
  const request = requestFor('a');
  const { jobId } = await own.queue.submit(request);
  const [failed] = await own.calls(1);
  await first.close(1);

  const store = openStore({ url: redis().url }, own.prefix, () => {});
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  const policy = { historySeconds: 100, attempts: 1, backoffMs: 1 };
  const renewal = { policy, jobId, request, priority: 0, oldCallbackId: failed!.callbackId };
  await client.hset(`${own.prefix}:renewals`, jobId, JSON.stringify(renewal));
  const remove = {
    callback: () => store.callbacks.remove(failed!.callbackId, { removeChildren: false }),
    bake: () => store.bakes.remove(jobId, { removeChildren: false }),
  };
  for (const step of steps) expect(await remove[step]()).toBe(1);
  store.redis.disconnect();

  lucky = true;
  await own.work(work);
  await own.is(jobId, 'done');
  const calls = await own.calls(2);
  expect(calls[1]).toMatchObject({ jobId, outcome: { result: RESULT } });
  expect(calls[1]!.callbackId).not.toBe(failed!.callbackId);
  expect(await client.exists(`${own.prefix}:renewals`)).toBe(0);
});

it('a new attempt that was made is not made twice', async () => {
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
  const renewal = { policy, jobId, request, priority: 0, oldCallbackId: `${jobId}-the-one-before` };
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  await client.hset(`${own.prefix}:renewals`, jobId, JSON.stringify(renewal));
  await own.work(work);
  await own.is(jobId, 'done');
  expect(await own.calls(1)).toHaveLength(1);
  expect(bakes).toBe(1);
  expect(await client.exists(`${own.prefix}:renewals`)).toBe(0);
});
