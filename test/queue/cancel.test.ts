import { describe, expect, it } from 'vitest';
import { OvenError } from '../../service/errors.ts';
import { openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();
const CANCELLED = { code: 'CANCELLED', message: 'The bake was cancelled.' };

describe('cancel', () => {
  it('stops what runs, once, and its callback says so', async () => {
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
    ['waits', {}],
    ['waits with a low priority', { priority: 1000 }],
  ])('what %s is never baked, and is ended before all others', async (_what, how) => {
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

  it('what waits for another try is not tried again', async () => {
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

  it('leaves behind what does not heed it, and still says CANCELLED', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({ graceMs: 50, bake: () => new Promise(() => {}) });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    await queue.cancel(jobId);
    expect((await calls(1))[0]!.outcome).toEqual({ failure: { ...CANCELLED, retryable: true } });
  });

  it('a bake that was done before it heard of it is done', async () => {
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

  it('knows what is absent', async () => {
    const { queue } = openQueueFixture(redis());
    expect(await queue.cancel('nothing')).toBe('absent');
  });
});

describe('asked for again after a cancellation', () => {
  it('that nobody has acted on yet: it is baked after all', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    const { jobId } = await queue.submit(requestFor('a'));
    await queue.cancel(jobId);
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId, status: 'queued', created: true, outcome: 'retrying' });
    await work();
    await is(jobId, 'done');
    expect((await calls(1))[0]!.outcome).toEqual({ result: RESULT });
  });

  it('while it is being stopped: a new attempt once it has', async () => {
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

  it('that was carried out: a new attempt', async () => {
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
