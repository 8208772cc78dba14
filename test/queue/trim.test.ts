/** What Redis keeps of finished tapes, and when they leave. */
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HistoryLimits } from '../../service/queue/history.ts';
import { until } from '../rig/until.ts';
import { openQueueFixture, type QueueFixture, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

const ALL: HistoryLimits = { seconds: 1e6, tapes: 1e6, bytes: 1e12 };
const KIB = 1024;
/** As the largest request that POST /bake takes. */
const METADATA = { text: 'x'.repeat(60 * KIB) };

function openClient(): Redis {
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  return client;
}

const slugs = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);

/** Bakes tapes one after the other, and waits for their callbacks. */
async function bakeInTurn(
  { queue }: QueueFixture,
  names: readonly string[],
  metadata?: object,
): Promise<string[]> {
  const ids: string[] = [];
  for (const slug of names) {
    const { jobId } = await queue.submit(requestFor(slug, { metadata: metadata as Record<string, unknown> }));
    // The newest tape may leave as well.
    await until(`${slug} has ended`, async () => {
      const report = await queue.status(jobId);
      return report === undefined || report.callback.delivered || report.callback.givenUp;
    });
    ids.push(jobId);
  }
  return ids;
}

/** Waits until exactly these of the tapes are left. */
const left = ({ queue }: QueueFixture, ids: readonly string[], expected: readonly string[]) =>
  until(`of ${ids.length} tapes ${expected.length} are left`, async () => {
    const reports = await Promise.all(ids.map((id) => queue.status(id)));
    return ids.filter((_id, n) => reports[n] !== undefined).join() === expected.join();
  });

/** The number of tapes and of bytes that the history counts. */
async function counted(client: Redis, { prefix }: QueueFixture): Promise<[tapes: number, bytes: number]> {
  return [await client.zcard(`${prefix}:history`), Number(await client.get(`${prefix}:history:total`))];
}

describe('metadata', () => {
  it('Redis keeps the metadata of a request once, and retry, replay, rebake and details have it', async () => {
    const own = openQueueFixture(redis());
    const { queue, work, calls, is, prefix } = own;
    let bakes = 0;
    await work({
      bake: async () => {
        bakes += 1;
        if (bakes === 1) throw new Error('a bug');
        return { width: 2, height: 2, duration: 1, bytes: 1, outputs: {} };
      },
    });
    const { jobId } = await queue.submit(requestFor('a', { metadata: { mark: 'once' } }));
    await is(jobId, 'failed');
    await calls(1);
    await queue.retry(jobId);
    await is(jobId, 'done');
    await calls(2);
    await queue.replayCallback(jobId);
    await calls(3);
    const again = (await queue.rebake(jobId, {}))!;
    const told = await calls(4);
    expect(told.map(({ request }) => request.metadata)).toEqual(Array(4).fill({ mark: 'once' }));
    for (const id of [jobId, again.jobId])
      expect((await queue.details(id))?.request.metadata).toEqual({ mark: 'once' });
    const client = openClient();
    const dataOf = async (kind: string) => {
      const keys = (await client.keys(`${prefix}:${kind}:${jobId}*`)).filter(
        (key) => !/:(lock|dependencies|processed)$/.test(key),
      );
      return Promise.all(keys.map((key) => client.hget(key, 'data')));
    };
    expect((await dataOf('bakes')).map((data) => data?.includes('once'))).toEqual([false, false]);
    expect((await dataOf('callbacks')).map((data) => data?.includes('once'))).toEqual([true, true]);
  });

  it('A preview that is published later keeps its metadata once too', async () => {
    const own = openQueueFixture(redis());
    const { queue, work, calls, prefix } = own;
    await work();
    const request = requestFor('a', { metadata: { mark: 'once' }, publish: false });
    const { jobId } = await queue.submit(request);
    await calls(1);
    await queue.submit({ ...request, publish: undefined });
    expect((await calls(2))[1]!.request).toMatchObject({ metadata: { mark: 'once' } });
    const client = openClient();
    await until(
      'the bake has none',
      async () => !(await client.hget(`${prefix}:bakes:${jobId}`, 'data'))?.includes('once'),
    );
  });

  it('A job of an older release, whose bake has the metadata too, is baked, told, replayed and removed', async () => {
    const own = openQueueFixture(redis());
    const { queue, work, calls, prefix } = own;
    const client = openClient();
    const { jobId } = await queue.submit(requestFor('a', { metadata: { mark: 'twice' } }));
    const key = `${prefix}:bakes:${jobId}`;
    const data = JSON.parse((await client.hget(key, 'data'))!);
    await client.hset(
      key,
      'data',
      JSON.stringify({ ...data, request: { ...data.request, metadata: { mark: 'twice' } } }),
    );
    await work();
    await calls(1);
    await queue.replayCallback(jobId);
    for (const { request } of await calls(2)) expect(request.metadata).toEqual({ mark: 'twice' });
    expect((await queue.purge('a')).removed).toEqual([jobId]);
  });
});

describe('limits', () => {
  it.each<[string, Partial<HistoryLimits>, object | undefined, number]>([
    ['more tapes than are kept', { tapes: 3 }, undefined, 3],
    ['more bytes than are kept', { bytes: 220 * KIB }, METADATA, 3],
    ['an age beyond the limit', { seconds: -1 }, undefined, 0],
  ])(
    'With %s, the oldest tapes leave the history with everything that Redis had of them',
    async (_what, limits, metadata, kept) => {
      const own = openQueueFixture(redis());
      const { queue, prefix } = own;
      await own.work({ history: { ...ALL, ...limits } });
      const ids = await bakeInTurn(own, slugs(6), metadata);
      const expected = kept === 0 ? [] : ids.slice(-kept);
      await left(own, ids, expected);
      const client = openClient();
      const gone = ids.slice(0, 6 - kept);
      const isOfGone = (name: string) =>
        gone.some((id) => name.includes(id)) && !name.startsWith(`${prefix}:latest:`);
      // A lock is released a moment later.
      await until('no key is left of them', async () => !(await client.keys(`${prefix}:*`)).some(isOfGone));
      for (const id of gone) expect(await client.zscore(`${prefix}:jobs`, id)).toBeNull();
      expect(await client.keys(`${prefix}:slug:*`)).toHaveLength(kept);
      await until('the history counts what is left', async () => (await counted(client, own))[0] === kept);
      const { jobs } = await queue.list({}, { limit: 10 });
      expect(jobs.map(({ jobId }) => jobId).sort()).toEqual([...expected].sort());
      expect((await queue.submit(requestFor('t0'))).outcome).toBe('accepted'); // as if it were new
    },
  );

  it('A tape whose callback is still to come stays, and leaves when the callback has ended', async () => {
    const own = openQueueFixture(redis());
    const { queue, work, is } = own;
    let answers: 'delivered' | { lastError: string; retryInMs: number } = {
      lastError: 'No.',
      retryInMs: 3_600_000,
    };
    await work({
      history: { ...ALL, tapes: 0 },
      deliver: async ({ request }) => (request.slug === 'waits' ? answers : 'delivered'),
    });
    const { jobId } = await queue.submit(requestFor('waits'));
    await until('it waits for its next attempt', async () => (await queue.counts()).callbacks.retrying === 1);
    const others = await bakeInTurn(own, slugs(3));
    await left(own, [jobId, ...others], [jobId]);
    expect((await is(jobId, 'done')).callback.attempts).toBe(1);
    answers = 'delivered';
    await queue.replayCallback(jobId);
    await left(own, [jobId], []);
  });

  it('A replay keeps its tape until it has ended, and a purge takes a tape out of the count', async () => {
    const own = openQueueFixture(redis());
    const { queue, work } = own;
    const client = openClient();
    let isDown = false;
    await work({
      history: { ...ALL, tapes: 2 },
      deliver: async ({ request }) =>
        isDown && request.slug === 't0' ? { lastError: 'No.', retryInMs: 3_600_000 } : 'delivered',
    });
    const first = await bakeInTurn(own, slugs(2));
    isDown = true;
    await queue.replayCallback(first[0]!);
    await until('it waits for its next attempt', async () => (await queue.counts()).callbacks.retrying === 1);
    const later = await bakeInTurn(own, ['u0', 'u1', 'u2']);
    await left(own, [...first, ...later], [first[0]!, ...later.slice(1)]);
    await queue.purge('u1');
    await queue.purge('u2');
    await queue.purge('t0');
    await until('nothing is counted', async () => (await counted(client, own)).join() === '0,0');
  });

  it('What a killed process or an older release left out is counted and trimmed at the next start', async () => {
    const own = openQueueFixture(redis());
    const client = openClient();
    const workers = await own.work();
    const ids = await bakeInTurn(own, slugs(5), METADATA);
    await until('all are counted', async () => (await counted(client, own))[0] === 5);
    const [, bytes] = await counted(client, own);
    expect(bytes / 5).toBeGreaterThan(60 * KIB);
    expect(bytes / 5).toBeLessThan(80 * KIB);
    await workers.close(0);
    await client.del(...['', ':bytes', ':total'].map((part) => `${own.prefix}:history${part}`));
    await own.work({ history: { ...ALL, tapes: 2 } });
    await left(own, ids, ids.slice(-2));
    expect(Math.round((await counted(client, own))[1] / (bytes / 5))).toBe(2);
  });
});
