import { describe, expect, it } from 'vitest';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('the same again', () => {
  it('waiting: the same job', async () => {
    const { queue } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('a'));
    expect(first).toMatchObject({ status: 'queued', created: true, outcome: 'accepted' });
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId: first.jobId, status: 'queued', created: false, outcome: 'already' });
  });

  it('running: the same job, and a rebake is a conflict', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    await work({ bake: (_request, { signal }) => untilAborted(signal) });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    const same = { jobId, status: 'downloading', created: false };
    expect(await queue.submit(requestFor('a'))).toEqual({ ...same, outcome: 'already' });
    expect(await queue.submit(requestFor('a'), { rebake: true })).toEqual({ ...same, outcome: 'conflict' });
  });

  it('done: the same job, and its callback again under the same id, as newly asked for', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work();
    const { jobId } = await queue.submit(requestFor('a'));
    await calls(1);
    await is(jobId, 'done');
    const asked = { callbackUrl: 'https://site.test/new', metadata: { n: 2 } };
    const again = await queue.submit(requestFor('a', asked));
    expect(again).toEqual({ jobId, status: 'done', created: false, outcome: 'done' });
    const [first, second] = await calls(2);
    expect(second).toMatchObject({ callbackId: first!.callbackId, outcome: { result: RESULT }, attempt: 1 });
    expect(second!.request).toMatchObject(asked);
    await expect
      .poll(async () => (await queue.status(jobId))?.callback)
      .toMatchObject({
        ...{ delivered: true, attempts: 2 },
      });
  });

  it('failed for a passing reason: a new attempt of the same job, with a callback of its own', async () => {
    let lucky = false;
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis(), { attempts: 2 });
    await work({
      bake: async () => {
        bakes += 1;
        if (!lucky) throw fault('SOURCE_TIMEOUT');
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'failed');
    expect(bakes).toBe(2);
    await calls(1);
    lucky = true;
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId, status: 'queued', created: true, outcome: 'retrying' });
    await is(jobId, 'done');
    const [failed, done] = await calls(2);
    expect(failed!.outcome).toMatchObject({ failure: { code: 'SOURCE_TIMEOUT', retryable: true } });
    expect(done!.outcome).toEqual({ result: RESULT });
    expect(done!.callbackId).not.toBe(failed!.callbackId);
  });

  it('failed for good: not tried again, and the failure callback again', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async () => {
        bakes += 1;
        throw fault('NOT_A_ZIP');
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await calls(1);
    const report = await is(jobId, 'failed');
    expect(report.error).toEqual({ code: 'NOT_A_ZIP', message: 'It is NOT_A_ZIP.' });
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId, status: 'failed', created: false, outcome: 'failed-for-good' });
    const [first, second] = await calls(2);
    expect(second).toEqual({ ...first, request: first!.request });
    expect(bakes).toBe(1);
  });

  it.each<['done' | 'failed', () => Promise<typeof RESULT>]>([
    ['done', async () => RESULT],
    ['failed', async () => Promise.reject(fault('NOT_A_ZIP'))],
  ])('rebake of what is %s: a new job, which is the one from then on', async (status, bake) => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({ bake });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, status);
    const again = await queue.submit(requestFor('a'), { rebake: true });
    expect(again).toMatchObject({ created: true, outcome: 'accepted', jobId: `${jobId}-2` });
    await is(again.jobId, status);
    expect((await queue.submit(requestFor('a'), { rebake: true })).jobId).toBe(`${jobId}-3`);
    await is(`${jobId}-3`, status);
    expect((await queue.submit(requestFor('a'))).jobId).toBe(`${jobId}-3`);
    expect((await queue.status(jobId))?.status).toBe(status);
    expect(new Set((await calls(3)).map(({ callbackId }) => callbackId)).size).toBe(3);
  });

  it('rebake of what never was: a job like any', async () => {
    const { queue } = openQueueFixture(redis());
    expect(await queue.submit(requestFor('a'), { rebake: true })).toMatchObject({ outcome: 'accepted' });
    expect(await queue.submit(requestFor('a'), { rebake: true })).toMatchObject({ outcome: 'conflict' });
  });

  it('a rebake that meets an old job under its id passes it over', async () => {
    const { queue, work, is, prefix } = openQueueFixture(redis());
    await work();
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'done');
    await queue.submit(requestFor('a'), { rebake: true });
    await is(`${jobId}-2`, 'done');
    await forgetLatest(prefix);
    expect((await queue.submit(requestFor('a'), { rebake: true })).jobId).toBe(`${jobId}-3`);
  });

  it.each<[string, Partial<BakeRequest>, boolean]>([
    // and whether it is the same
    ['another signature of the ZIP', { zipUrl: 'https://art.test/a.zip?signature=2#x' }, true],
    ['another order of outputs', { outputs: [{ kind: 'thumbnail' }, { kind: 'mp4' }] }, true],
    ['other metadata and callback', { metadata: 1, callbackUrl: 'https://else.test', code: 'x' }, true],
    ['another ZIP', { zipUrl: 'https://art.test/b.zip' }, false],
    ['another scale', { outputs: [{ kind: 'mp4', scale: 4 }, { kind: 'thumbnail' }] }, false],
    ['another tape', { mongoId: 'another' }, false],
    ['another slug', { slug: 'b' }, false],
  ])('%s', async (_what, part, same) => {
    const { queue } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('a'));
    const second = await queue.submit(requestFor('a', part));
    expect(second.jobId === first.jobId).toBe(same);
  });

  it('twenty at once: one job, one bake, one callback', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async () => {
        bakes += 1;
        return RESULT;
      },
    });
    const all = await Promise.all(Array.from({ length: 20 }, () => queue.submit(requestFor('a'))));
    expect(new Set(all.map(({ jobId }) => jobId)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    await is(all[0]!.jobId, 'done');
    expect(new Set((await calls(1)).map(({ callbackId }) => callbackId)).size).toBe(1);
    expect(bakes).toBe(1);
  });

  it('twenty at once after a passing failure: one new attempt', async () => {
    const started: string[] = [];
    const { queue, work, is } = openQueueFixture(redis(), { attempts: 1 });
    await work({
      bake: async ({ slug }, { signal }) => {
        started.push(slug);
        if (started.length === 1) throw fault('SOURCE_TIMEOUT');
        return untilAborted(signal);
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'failed');
    const all = await Promise.all(Array.from({ length: 20 }, () => queue.submit(requestFor('a'))));
    const outcomes = all.map(({ outcome }) => outcome);
    expect(outcomes.filter((one) => one === 'retrying')).toHaveLength(1);
    expect(outcomes.filter((one) => one === 'already')).toHaveLength(19);
    await is(jobId, 'downloading');
    expect(started).toHaveLength(2);
  });
});

describe('MAX_QUEUED', () => {
  it('holds exactly, however many come at once, and says nothing of those it knows', async () => {
    const { queue } = openQueueFixture(redis(), { maxQueued: 10 });
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => queue.submit(requestFor(`t${n}`))));
    expect(all.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(10);
    expect(all.filter(({ outcome }) => outcome === 'full')).toHaveLength(40);
    const { waiting } = await queue.counts();
    expect(waiting).toBe(10);
    const known = all.findIndex(({ created }) => created);
    expect((await queue.submit(requestFor(`t${known}`))).outcome).toBe('already');
    const full = all.findIndex(({ created }) => !created);
    expect(await queue.submit(requestFor(`t${full}`))).toMatchObject({ outcome: 'full', status: null });
    expect(await queue.status(all[full]!.jobId)).toBeUndefined();
  });

  it('counts what runs as not waiting, and what waits for another try as waiting', async () => {
    const { queue, work, is } = openQueueFixture(redis(), { maxQueued: 1, backoffMs: 60_000 });
    await work({
      concurrency: 1,
      bake: async (_request, { signal }) => untilAborted(signal),
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    expect((await queue.submit(requestFor('b'))).outcome).toBe('accepted');
    expect((await queue.submit(requestFor('c'))).outcome).toBe('full');
  });

  it('holds for retries too', async () => {
    const { queue, work, is } = openQueueFixture(redis(), { maxQueued: 1 });
    const workers = await work({ bake: async () => Promise.reject(fault('NOT_A_ZIP')) });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'failed');
    await workers.close(1);
    await queue.submit(requestFor('b'));
    expect(await queue.retry(jobId)).toBe('full');
    expect((await queue.submit(requestFor('a'), { rebake: true })).outcome).toBe('full');
  });
});

describe('order', () => {
  it('is that of arrival, after those of a higher priority', async () => {
    const order: string[] = [];
    const { queue, work, calls } = openQueueFixture(redis());
    const asked = [
      ...[
        ['low', 9],
        ['lower', 10],
        ['one', 0],
        ['two', 0],
        ['middle', 5],
      ],
    ] as const;
    for (const [slug, priority] of asked) await queue.submit(requestFor(slug), { priority });
    await work({
      concurrency: 1,
      bake: async ({ slug }) => {
        order.push(slug);
        return RESULT;
      },
    });
    await calls(5);
    expect(order).toEqual(['one', 'two', 'middle', 'low', 'lower']);
  });
});

async function forgetLatest(prefix: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis().socket);
  const found = await client.keys(`${prefix}:latest:*`);
  await client.del(...found);
  client.disconnect();
}
