import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSecrets } from '../../service/callback/secrets.ts';
import type { StageProgress } from '../../service/schemas/outcome.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('status', () => {
  it('The status of a job has its stage, progress and times', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    let report: (progress: StageProgress) => void = () => {};
    let end = () => {};
    await work({
      bake: (_request, { onProgress }) => {
        report = onProgress;
        return new Promise((resolve) => {
          end = () => resolve(RESULT);
        });
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    const queued = await is(jobId, 'downloading');
    expect(queued).toMatchObject({ slug: 'a', stage: 'downloading', progress: 0 });
    for (let n = 0; n < 50; n += 1) report({ stage: 'encoding', progress: n / 100 });
    await expect
      .poll(() => queue.status(jobId))
      .toMatchObject({ status: 'encoding', stage: 'encoding', progress: 0.49 });
    end();
    const done = await is(jobId, 'done');
    expect(done).toMatchObject({ stage: null, progress: 1, result: RESULT });
    const { queuedAt, startedAt, finishedAt } = done.timings;
    expect([queuedAt, startedAt, finishedAt]).toEqual(
      [queuedAt, startedAt!, finishedAt!].sort((a, b) => a - b),
    );
    expect(await queue.status('nothing')).toBeUndefined();
  });

  it('The status of a failed job keeps the stage in which it failed', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      bake: async (_request, { onProgress }) => {
        onProgress({ stage: 'uploading', progress: 0.95 });
        throw fault('SLUG_TAKEN');
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    expect(await is(jobId, 'failed')).toMatchObject({
      stage: 'uploading',
      progress: 0.95,
      error: { code: 'SLUG_TAKEN' },
    });
    expect(await queue.failure(jobId)).toMatchObject({ code: 'SLUG_TAKEN', retryable: false });
  });

  it('The status of a job that failed with a bug shows nothing of the bug', async () => {
    const { queue, work, is, errors } = openQueueFixture(redis());
    await work({ bake: async () => Promise.reject(new Error('undefined is not a function at /srv')) });
    const { jobId } = await queue.submit(requestFor('a'));
    expect((await is(jobId, 'failed')).error).toEqual({
      code: 'INTERNAL',
      message: 'Something went wrong inside Oven.',
    });
    expect(errors.map(({ message }) => message)).toEqual(['undefined is not a function at /srv']);
  });
});

describe('recent', () => {
  it('The newest jobs of all states are listed, newest first', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      concurrency: 1,
      bake: async ({ slug }, { signal }) => {
        if (slug === 'runs') return untilAborted(signal);
        if (slug === 'failed') throw fault('NOT_A_ZIP');
        return RESULT;
      },
    });
    for (const slug of ['old', 'done', 'failed']) {
      const { jobId } = await queue.submit(requestFor(slug));
      await is(jobId, slug === 'failed' ? 'failed' : 'done');
    }
    const runs = await queue.submit(requestFor('runs'));
    await is(runs.jobId, 'downloading');
    await queue.submit(requestFor('urgent'), { priority: 1 });
    await queue.submit(requestFor('waits'));
    expect((await queue.recent(5)).map(({ slug, status }) => [slug, status])).toEqual([
      ['waits', 'queued'],
      ['urgent', 'queued'],
      ['runs', 'downloading'],
      ['failed', 'failed'],
      ['done', 'done'],
    ]);
    expect(await queue.recent(0)).toEqual([]);
    expect(await queue.counts()).toMatchObject({ waiting: 2, active: 1, done: 2, failed: 1 });
    expect(await queue.ended(3600)).toEqual({
      done: 2,
      failed: 1,
      callbacksDelivered: 3,
      callbacksGivenUp: 0,
    });
  });

  it('A list of the newest jobs reads no other jobs of a long history', async () => {
    const { queue, work, calls } = openQueueFixture(redis(), { maxQueued: 1000 });
    await work({ concurrency: 20, deliveries: 20 });
    await Promise.all(Array.from({ length: 300 }, (_, n) => queue.submit(requestFor(`t${n}`))));
    await calls(300);
    await expect.poll(async () => (await queue.ended(3600)).callbacksDelivered).toBe(300);
    const watcher = new Redis(redis().socket);
    onTestFinished(() => watcher.disconnect());
    const before = await commandsOf(watcher, 'hgetall');
    expect(await queue.recent(10)).toHaveLength(10);
    const read = (await commandsOf(watcher, 'hgetall')) - before;
    expect(read).toBeLessThanOrEqual(30);
  });
});

describe('counts', () => {
  it('The oldest waiting job counts although its priority is the lowest', async () => {
    const { queue, prefix } = openQueueFixture(redis());
    expect((await queue.counts()).oldestWaitingSeconds).toBe(0);
    const { jobId } = await queue.submit(requestFor('low'), { priority: 1000 });
    await queue.submit(requestFor('high'), { priority: 1 });
    await queue.submit(requestFor('now'));
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    await client.hset(`${prefix}:bakes:${jobId}`, 'timestamp', Date.now() - 500_000);
    const { oldestWaitingSeconds } = await queue.counts();
    expect(oldestWaitingSeconds).toBeGreaterThanOrEqual(500);
    expect(oldestWaitingSeconds).toBeLessThan(600);
  });
});

describe('history', () => {
  it('A finished job leaves the history after historySeconds', async () => {
    const { queue, work, is } = openQueueFixture(redis(), { historySeconds: 1 });
    await work();
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'done');
    // BullMQ removes old jobs when another job ends.
    await expect
      .poll(
        async () => {
          const other = await queue.submit(requestFor('b'), { rebake: true });
          await is(other.jobId, 'done');
          return queue.status(jobId);
        },
        { timeout: 10_000, interval: 300 },
      )
      .toBeUndefined();
    expect((await queue.submit(requestFor('a'))).outcome).toBe('accepted');
  });
});

describe('Redis', () => {
  it('Redis never holds a secret', async () => {
    const secret = 'the-s3cret-of-the-caller';
    const fingerprint = openSecrets([secret]).accepts(secret)!;
    const { queue, work, calls, prefix } = openQueueFixture(redis());
    await work({
      bake: async ({ slug }) => {
        if (slug === 'b') throw Object.assign(new Error('Not shown.'), { secret });
        return RESULT;
      },
    });
    for (const slug of ['a', 'b']) {
      const careless = { ...requestFor(slug, { secretFingerprint: fingerprint }), callbackSecret: secret };
      await queue.submit(careless);
    }
    await calls(2);
    const client = new Redis(redis().socket);
    onTestFinished(() => client.disconnect());
    const keys = await client.keys('*');
    expect(keys.filter((key) => key.startsWith(prefix)).length).toBeGreaterThan(10);
    let known = 0;
    for (const key of keys) {
      const dump = (await client.dumpBuffer(key))?.toString('latin1') ?? '';
      const text = `${key} ${dump} ${JSON.stringify((await client.type(key)) === 'hash' && (await client.hgetall(key)))}`;
      expect(text).not.toContain(secret);
      if (text.includes(fingerprint)) known += 1;
    }
    expect(known).toBe(4); // two bakes and two callbacks: the keys that are searched are the right ones
  });
});

async function commandsOf(client: Redis, command: string): Promise<number> {
  const stats = await client.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}
