import { describe, expect, it } from 'vitest';
import { OvenError } from '../../service/errors.ts';
import { openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();
const CANCELLED = { code: 'CANCELLED', message: 'The bake was cancelled.' };

describe('cancel', () => {
  it('A cancelled active job stops, and its callback has the code CANCELLED', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: (_request, { signal }) => {
        bakes += 1;
        return untilAborted(signal);
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    expect(await queue.cancel(jobId)).toBe('cancelled');
    const [callback] = await calls(1);
    expect(callback!.outcome).toEqual({ failure: { ...CANCELLED, retryable: true } });
    expect((await queue.status(jobId))?.error).toEqual(CANCELLED);
    expect(await queue.cancel(jobId)).toBe('finished');
    expect(bakes).toBe(1);
  });

  it.each<[string, { priority?: number }]>([
    ['waiting job', {}],
    ['waiting job with a low priority', { priority: 1000 }],
  ])('A cancelled %s is never baked, and ends before all others', async (_what, how) => {
    const baked: string[] = [];
    const { queue, work, is, calls } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('b'));
    await queue.submit(requestFor('c'));
    const { jobId } = await queue.submit(requestFor('a'), how);
    expect(await queue.cancel(jobId)).toBe('cancelled');
    expect(await queue.status(jobId)).toMatchObject({ status: 'failed', error: CANCELLED });
    await work({
      concurrency: 1,
      deliveries: 1,
      bake: async ({ slug }) => {
        baked.push(slug);
        return RESULT;
      },
    });
    await calls(3);
    const { timings: ended } = await is(jobId, 'failed');
    const { timings: begun } = await is(first.jobId, 'done');
    expect(ended.finishedAt!).toBeLessThanOrEqual(begun.startedAt!);
    expect(baked).toEqual(['b', 'c']);
  });

  it('A cancelled job that waits for its next attempt is not baked again', async () => {
    let bakes = 0;
    const { queue, work, calls } = openQueueFixture(redis(), { backoffMs: 3_600_000 });
    await work({
      bake: async () => {
        bakes += 1;
        throw new OvenError('SOURCE_TIMEOUT', 'Slow.');
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.counts()).retrying).toBe(1);
    expect(await queue.cancel(jobId)).toBe('cancelled');
    expect((await calls(1))[0]!.outcome).toMatchObject({ failure: CANCELLED });
    expect(bakes).toBe(1);
  });

  it('A cancelled job that does not stop in time is left behind, and its callback has the code CANCELLED', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({ graceMs: 50, bake: () => new Promise(() => {}) });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    await queue.cancel(jobId);
    expect((await calls(1))[0]!.outcome).toEqual({ failure: { ...CANCELLED, retryable: true } });
  });

  it('A cancelled bake that finishes all the same is done', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async (_request, { signal }) => {
        await untilAborted(signal).catch(() => {});
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    await queue.cancel(jobId);
    expect((await calls(1))[0]!.outcome).toEqual({ result: RESULT });
    expect((await queue.status(jobId))?.status).toBe('done');
  });

  it('A cancel of an unknown job is reported as absent', async () => {
    const { queue } = openQueueFixture(redis());
    expect(await queue.cancel('nothing')).toBe('absent');
  });
});

describe('submit after cancel', () => {
  it('A cancelled job that no worker has taken yet is baked if its request comes again', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    const { jobId } = await queue.submit(requestFor('a'));
    await queue.cancel(jobId);
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId, status: 'queued', created: true, outcome: 'retrying' });
    await work();
    await is(jobId, 'done');
    expect((await calls(1))[0]!.outcome).toEqual({ result: RESULT });
  });

  it('A request that comes while its job is being stopped makes a new attempt after that', async () => {
    let bakes = 0;
    const { queue, work, is, delivered } = openQueueFixture(redis());
    await work({
      bake: async (_request, { signal }) => {
        bakes += 1;
        return bakes === 1 ? untilAborted(signal) : RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    await queue.cancel(jobId);
    expect(await queue.submit(requestFor('a'))).toMatchObject({ jobId, outcome: 'retrying' });
    await is(jobId, 'done');
    // The callback of the cancelled attempt may have been sent meanwhile, or not: it was outdated soon.
    await expect.poll(() => delivered.at(-1)?.outcome).toEqual({ result: RESULT });
    expect(bakes).toBe(2);
  });

  it('A request that comes after its job was cancelled makes a new attempt', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async (_request, { signal }) => {
        bakes += 1;
        return bakes === 1 ? untilAborted(signal) : RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    await queue.cancel(jobId);
    await calls(1);
    expect(await queue.submit(requestFor('a'))).toMatchObject({ jobId, outcome: 'retrying' });
    await is(jobId, 'done');
  });
});
