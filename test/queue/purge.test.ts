import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import {
  fault,
  openQueueFixture,
  type QueueFixture,
  RESULT,
  requestFor,
  untilAborted,
  useRedis,
} from './fixture.ts';

const { redis } = useRedis();

/** Every key of this queue that contains a word in its name or its value. */
async function keysWith({ prefix }: QueueFixture, word: string): Promise<string[]> {
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  const found: string[] = [];
  for (const key of await client.keys(`${prefix}:*`)) {
    if (`${key} ${await dump(client, key)}`.includes(word)) found.push(key);
  }
  return found;
}

async function dump(client: Redis, key: string): Promise<string> {
  const read: Record<string, () => Promise<unknown>> = {
    string: () => client.get(key),
    hash: () => client.hgetall(key),
    list: () => client.lrange(key, 0, -1),
    set: () => client.smembers(key),
    zset: () => client.zrange(key, '0', '-1'),
    stream: () => client.xrange(key, '-', '+'),
  };
  return JSON.stringify(await read[await client.type(key)]?.());
}

it('A purge removes waiting jobs of its slug and no others', async () => {
  const own = openQueueFixture(redis());
  const { jobId } = await own.queue.submit(requestFor('gone'));
  const stays = await own.queue.submit(requestFor('stays'));
  expect(await keysWith(own, 'gone')).not.toEqual([]);
  expect(await own.queue.purge('gone')).toEqual({
    removed: [jobId],
    running: [],
    names: [],
    isPublic: true,
  });
  expect(await own.queue.status(jobId)).toBeUndefined();
  expect(await keysWith(own, 'gone')).toEqual([]);
  await own.work();
  await own.is(stays.jobId, 'done');
  expect((await own.calls(1)).map(({ request }) => request.slug)).toEqual(['stays']);
});

it('A purge stops active bakes, which send no callback', async () => {
  const own = openQueueFixture(redis());
  let stopped = false;
  await own.work({
    bake: ({ slug }, { signal }) => {
      if (slug !== 'gone') return Promise.resolve(RESULT);
      return untilAborted(signal).catch((error) => {
        stopped = true;
        throw error;
      });
    },
  });
  const { jobId } = await own.queue.submit(requestFor('gone'));
  await own.is(jobId, 'downloading');
  expect(await own.queue.purge('gone')).toEqual({
    removed: [jobId],
    running: [],
    names: [],
    isPublic: true,
  });
  expect(stopped).toBe(true);
  await own.queue.submit(requestFor('later'));
  expect((await own.calls(1)).map(({ request }) => request.slug)).toEqual(['later']);
  expect(await keysWith(own, 'gone')).toEqual([]);
});

it('A purge removes all finished jobs of a tape, and callbacks that wait for their next attempt', async () => {
  const own = openQueueFixture(redis());
  await own.work({ deliver: async () => ({ lastError: 'No.', retryInMs: 3_600_000 }) });
  const first = await own.queue.submit(requestFor('gone'));
  await own.is(first.jobId, 'done');
  const second = await own.queue.submit(requestFor('gone'), { rebake: true });
  await own.is(second.jobId, 'done');
  await expect.poll(async () => (await own.queue.counts()).callbacks.retrying).toBe(2);
  const { removed } = await own.queue.purge('gone');
  expect([...removed].sort()).toEqual([first.jobId, second.jobId].sort());
  expect((await own.queue.counts()).callbacks.retrying).toBe(0);
  expect(await keysWith(own, 'gone')).toEqual([]);
});

it('A purge reports bakes that do not stop in time; they are removed when they end, without a callback', async () => {
  const own = openQueueFixture(redis(), { purgeWaitMs: 100 });
  let end = () => {};
  await own.work({
    graceMs: 60_000,
    bake: ({ slug }) =>
      new Promise((resolve) => {
        if (slug !== 'gone') resolve(RESULT);
        else end = () => resolve(RESULT);
      }),
  });
  const { jobId } = await own.queue.submit(requestFor('gone'));
  await own.is(jobId, 'downloading');
  expect(await own.queue.purge('gone')).toEqual({
    removed: [],
    running: [jobId],
    names: [],
    isPublic: true,
  });
  end();
  await expect.poll(() => keysWith(own, 'gone'), { timeout: 10_000 }).toEqual([]);
  await own.queue.submit(requestFor('later'));
  expect((await own.calls(1)).map(({ request }) => request.slug)).toEqual(['later']);
});

it('A purged tape can be submitted again as a new job', async () => {
  const own = openQueueFixture(redis());
  await own.work({ bake: async () => Promise.reject(fault('NOT_A_ZIP')) });
  const { jobId } = await own.queue.submit(requestFor('gone'));
  await own.calls(1);
  await own.queue.purge('gone');
  expect(await own.queue.submit(requestFor('gone'))).toMatchObject({ jobId, outcome: 'accepted' });
  expect(await own.queue.purge('never was')).toEqual({
    removed: [],
    running: [],
    names: [],
    isPublic: false,
  });
});

it('A purge from within the callback of the tape ends at once, and the callback is removed after its answer', async () => {
  const own = openQueueFixture(redis());
  const purged = Promise.withResolvers<unknown>();
  const began = performance.now();
  await own.work({
    deliver: async ({ request: { slug } }) => {
      if (slug === 'gone') purged.resolve(await own.queue.purge('gone'));
      return 'delivered';
    },
  });
  const { jobId } = await own.queue.submit(requestFor('gone'));
  expect(await purged.promise).toEqual({ removed: [jobId], running: [], names: [], isPublic: true });
  expect(performance.now() - began).toBeLessThan(5000); // the time that a purge waits for in this fixture
  await expect.poll(() => keysWith(own, 'gone'), { timeout: 10_000 }).toEqual([]);
});

it('A callback that fails while its tape is purged is removed, and not sent again', async () => {
  const own = openQueueFixture(redis());
  let tries = 0;
  await own.work({
    deliver: async () => {
      tries += 1;
      await own.queue.purge('gone');
      return { lastError: 'No.', retryInMs: 1 };
    },
  });
  await own.queue.submit(requestFor('gone'));
  await expect.poll(async () => tries > 0 && (await keysWith(own, 'gone')), { timeout: 10_000 }).toEqual([]);
  expect(tries).toBe(1);
});

it('A purge also removes a requeue that a crash interrupted: workers that start later do not bring the tape back', async () => {
  const own = openQueueFixture(redis());
  const first = await own.work({ bake: async () => Promise.reject(fault('NOT_A_ZIP')) });
  const request = requestFor('gone');
  const { jobId } = await own.queue.submit(request);
  const [failed] = await own.calls(1);
  await first.close(1);
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  const policy = { historySeconds: 100, attempts: 1, backoffMs: 1 };
  const pending = { policy, jobId, request, priority: 0, oldCallbackId: failed!.callbackId };
  await client.hset(`${own.prefix}:renewals`, jobId, JSON.stringify(pending));
  await own.queue.purge('gone');
  await own.work();
  expect(await own.queue.status(jobId)).toBeUndefined();
  expect(await keysWith(own, 'gone')).toEqual([]);
});
