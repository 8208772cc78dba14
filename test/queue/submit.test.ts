import { describe, expect, it } from 'vitest';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('the same request again', () => {
  it('A request whose job waits finds that job', async () => {
    const { queue } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('a'));
    expect(first).toMatchObject({ status: 'queued', created: true, outcome: 'accepted' });
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId: first.jobId, status: 'queued', created: false, outcome: 'already' });
  });

  it('A request whose job is active finds that job, and a rebake is a conflict', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    await work({ bake: (_request, { signal }) => untilAborted(signal) });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'downloading');
    const same = { jobId, status: 'downloading', created: false };
    expect(await queue.submit(requestFor('a'))).toEqual({ ...same, outcome: 'already' });
    expect(await queue.submit(requestFor('a'), { rebake: true })).toEqual({ ...same, outcome: 'conflict' });
  });

  it('A request whose job is done sends the callback again, with the fields of the new request', async () => {
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
      .toMatchObject({ delivered: true, attempts: 2 });
  });

  it('A request whose job failed with a retryable error makes a new attempt with a new callback', async () => {
    let succeeds = false;
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis(), { attempts: 2 });
    await work({
      bake: async () => {
        bakes += 1;
        if (!succeeds) throw fault('SOURCE_TIMEOUT');
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'failed');
    expect(bakes).toBe(2);
    await calls(1);
    succeeds = true;
    const again = await queue.submit(requestFor('a'));
    expect(again).toEqual({ jobId, status: 'queued', created: true, outcome: 'retrying' });
    await is(jobId, 'done');
    const [failed, done] = await calls(2);
    expect(failed!.outcome).toMatchObject({ failure: { code: 'SOURCE_TIMEOUT', retryable: true } });
    expect(done!.outcome).toEqual({ result: RESULT });
    expect(done!.callbackId).not.toBe(failed!.callbackId);
  });

  it('A request whose job failed for good sends the callback again, and bakes nothing', async () => {
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
  ])('A rebake of a job that is %s makes a new job, which later requests find', async (status, bake) => {
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

  it('A rebake of a tape that is new makes an ordinary job', async () => {
    const { queue } = openQueueFixture(redis());
    expect(await queue.submit(requestFor('a'), { rebake: true })).toMatchObject({ outcome: 'accepted' });
    expect(await queue.submit(requestFor('a'), { rebake: true })).toMatchObject({ outcome: 'conflict' });
  });

  it('A rebake skips the id of an older job', async () => {
    const { queue, work, is, prefix } = openQueueFixture(redis());
    await work();
    const { jobId } = await queue.submit(requestFor('a'));
    await is(jobId, 'done');
    await queue.submit(requestFor('a'), { rebake: true });
    await is(`${jobId}-2`, 'done');
    await forgetLatest(prefix);
    expect((await queue.submit(requestFor('a'), { rebake: true })).jobId).toBe(`${jobId}-3`);
  });

  it.each<[string, Partial<BakeRequest>]>([
    ['another signature of the ZIP', { zipUrl: 'https://art.test/a.zip?signature=2#x' }],
    ['another order of outputs', { outputs: [{ kind: 'thumbnail' }, { kind: 'mp4' }] }],
    ['other metadata and callback', { metadata: 1, callbackUrl: 'https://else.test', code: 'x' }],
  ])('A request with %s has the same job', async (_what, part) => {
    const { queue } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('a'));
    const second = await queue.submit(requestFor('a', part));
    expect(second.jobId === first.jobId).toBe(true);
  });

  it.each<[string, Partial<BakeRequest>]>([
    ['another ZIP', { zipUrl: 'https://art.test/b.zip' }],
    ['another scale', { outputs: [{ kind: 'mp4', scale: 4 }, { kind: 'thumbnail' }] }],
    ['another tape', { mongoId: 'another' }],
    ['another slug', { slug: 'b' }],
  ])('A request with %s has another job', async (_what, part) => {
    const { queue } = openQueueFixture(redis());
    const first = await queue.submit(requestFor('a'));
    const second = await queue.submit(requestFor('a', part));
    expect(second.jobId === first.jobId).toBe(false);
  });

  it('Twenty equal requests at once make one job, one bake and one callback', async () => {
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

  it('Twenty equal requests at once after a retryable failure make one new attempt', async () => {
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
  it('MAX_QUEUED holds exactly for many requests at once, and a known request is not refused', async () => {
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

  it('An active job does not count against MAX_QUEUED, and one that waits for its next attempt does', async () => {
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

  it('MAX_QUEUED holds for retries and rebakes too', async () => {
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
  it('Jobs are baked by priority, and then in the order of their arrival', async () => {
    const order: string[] = [];
    const { queue, work, calls } = openQueueFixture(redis());
    const asked = [
      ['low', 9],
      ['lower', 10],
      ['one', 0],
      ['two', 0],
      ['middle', 5],
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
