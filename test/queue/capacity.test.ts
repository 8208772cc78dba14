import { expect, it, onTestFinished } from 'vitest';
import { openCapacity } from '../../service/queue/capacity.ts';
import { openQueue } from '../../service/queue/queue.ts';
import { openStore } from '../../service/queue/store.ts';
import { openQueueFixture, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();
const MAX = 50;

it('Of 300 tapes that three queues are given at once, exactly MAX_QUEUED wait', async () => {
  const own = openQueueFixture(redis(), { maxQueued: MAX });
  const queues = Array.from({ length: 3 }, () => {
    const queue = openQueue({ redis: { url: redis().url }, prefix: own.prefix, maxQueued: MAX });
    onTestFinished(() => queue.close());
    return queue;
  });
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      queues[n % 3]!.submit(requestFor(`t${n}`), { priority: n % 2 }).then(({ outcome }) => outcome),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(MAX);
  expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(300 - MAX);
  expect((await own.queue.counts()).waiting).toBe(MAX);
});

it('A tape is taken for each that leaves the queue, also when failed ones are retried', async () => {
  const own = openQueueFixture(redis(), { maxQueued: 2, attempts: 1 });
  const failed = await own.queue.submit(requestFor('failed'));
  const workers = await own.work({ bake: () => Promise.reject(new Error('A bug.')) });
  await own.is(failed.jobId, 'failed');
  await workers.close(0);
  const asked = await Promise.all([
    ...['a', 'b', 'c', 'd'].map(async (slug) => (await own.queue.submit(requestFor(slug))).outcome),
    own.queue.retry(failed.jobId),
  ]);
  expect(asked.filter((outcome) => outcome !== 'full')).toHaveLength(2);
  await own.work();
  await own.calls(3);
  expect((await own.queue.submit(requestFor('e'))).outcome).toBe('accepted');
});

it('An addition that failed keeps its place until Redis may no longer have the job, and takes none twice', async () => {
  const own = openQueueFixture(redis());
  const store = openStore({ url: redis().url }, own.prefix, () => {});
  onTestFinished(() => store.redis.disconnect());
  const capacity = openCapacity(store, 1);
  await expect(capacity.admit('one', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await capacity.admit('two', async () => 'in')).toBeUndefined();
  await store.redis.zadd(`${own.prefix}:reserved`, 'XX', 1, 'one'); // as if it had expired
  expect(await capacity.admit('two', async () => 'in')).toBe('in');
});
