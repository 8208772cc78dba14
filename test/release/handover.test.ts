import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { exportQueue, importQueue, moveQueue } from '../../infra/host/scripts/handover.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted } from '../queue/fixture.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

const PREFIX = 'oven';

describe('a queue that is handed over', () => {
  let [before, after]: RedisRig[] = [];
  beforeAll(async () => {
    [before, after] = await Promise.all([startRedis(), startRedis()]);
  });
  afterEach(async () => {
    for (const redis of [before!, after!]) await client(redis).flushall();
  });
  afterAll(() => Promise.all([before?.stop(), after?.stop()]));

  const client = (rig: RedisRig) => {
    const redis = new Redis({ path: rig.socket });
    onTestFinished(() => redis.disconnect());
    return redis;
  };
  const old = () => openQueueFixture(before!, { prefix: PREFIX, backoffMs: 60_000 });
  const fresh = () => openQueueFixture(after!, { prefix: PREFIX });

  /** An old host with a tape of every kind, and its service stopped. */
  async function leave() {
    const host = old();
    const submit = async (slug: string) => (await host.queue.submit(requestFor(slug))).jobId;
    const workers = await host.work({
      prefix: PREFIX,
      concurrency: 1,
      bake: async (job, how) => {
        if (job.slug === 'running') return untilAborted(how.signal);
        if (job.slug === 'retried') throw fault('SOURCE_UNREACHABLE');
        return RESULT;
      },
      deliver: async (callback) => {
        if (callback.request.slug === 'undelivered') throw new Error('The site is down.');
        host.delivered.push(callback);
        return 'delivered';
      },
    });
    const jobs = {
      done: await submit('done'),
      undelivered: await submit('undelivered'),
      retried: await submit('retried'),
    };
    await host.is(jobs.done, 'done');
    await host.is(jobs.undelivered, 'done');
    await until('a callback was tried', async () => (await host.queue.counts()).callbacks.retrying > 0);
    await until('a bake was tried', async () => (await host.queue.counts()).retrying > 0);
    const running = await submit('running');
    const waiting = await submit('waiting');
    await until('one runs', async () => (await host.queue.counts()).active === 1);
    await workers.close(0);
    return { ...jobs, running, waiting };
  }

  it('A hand-over loses no tape and no callback, bakes none twice and copies the history', async () => {
    const jobs = await leave();
    const lines = await exportQueue(client(before!));
    expect(await importQueue(client(after!), lines)).toBe(10);
    const host = fresh();
    expect((await host.queue.status(jobs.done))?.status).toBe('done');
    expect(await host.queue.counts()).toMatchObject({
      waiting: 2,
      retrying: 1,
      done: 2,
      callbacks: { retrying: 1 },
    });
    const redis = client(after!);
    // Their next attempts are minutes away: they are made due.
    for (const queue of ['bakes', 'callbacks']) {
      for (const id of await redis.zrange(`${PREFIX}:${queue}:delayed`, '0', '-1')) {
        await redis.zadd(`${PREFIX}:${queue}:delayed`, 1, id);
      }
    }
    const baked: string[] = [];
    await host.work({
      prefix: PREFIX,
      bake: async (job) => {
        baked.push(job.slug);
        return RESULT;
      },
    });
    const calls = await host.calls(4);
    expect(calls.map((call) => call.request.slug).sort()).toEqual([
      'retried',
      'running',
      'undelivered',
      'waiting',
    ]);
    expect(baked.sort()).toEqual(['retried', 'running', 'waiting']);
  });

  it('A queue that is imported again adds nothing, whatever became of its jobs', async () => {
    await leave();
    const lines = await exportQueue(client(before!));
    const redis = client(after!);
    expect(await importQueue(redis, lines)).toBeGreaterThan(0);
    const handovers = await redis.keys('oven:handover:*');
    const forgotten = (await redis.keys('*')).filter((key) => !handovers.includes(key));
    await redis.del(...forgotten);
    expect(await importQueue(redis, await exportQueue(client(before!)))).toBe(0);
    expect(await redis.keys('*')).toEqual(handovers);
  });

  it('An import leaves the new host’s own jobs alone', async () => {
    await leave();
    const host = fresh();
    const { jobId } = await host.queue.submit(requestFor('waiting', { metadata: { newer: true } }));
    await importQueue(client(after!), await exportQueue(client(before!)));
    expect((await host.queue.counts()).waiting).toBe(2);
    const redis = client(after!);
    expect((await redis.lrange(`${PREFIX}:bakes:wait`, 0, -1)).filter((id) => id === jobId)).toHaveLength(1);
    expect(await exportQueue(redis)).toContain('newer');
  });

  it.each([
    ['its end', (lines: string) => lines.trim().split('\n').slice(0, -1).join('\n')],
    ['a line in it', (lines: string) => lines.split('\n').toSpliced(1, 1).join('\n')],
    ['a letter of it', (lines: string) => lines.replace('waiting', 'waitinG')],
  ])('An import is refused as a whole when %s is missing', async (_what, spoil) => {
    await leave();
    const lines = await exportQueue(client(before!));
    await expect(importQueue(client(after!), spoil(lines))).rejects.toThrow('incomplete');
    expect(await client(after!).dbsize()).toBe(0);
  });

  it('A queue moves as a whole, and leaves nothing where it was', async () => {
    await leave();
    // The other one, which no other process uses.
    const [from, to] = [client(after!), client(before!)];
    await importQueue(from, await exportQueue(to));
    await to.flushall();
    expect(await moveQueue(from, to, 0)).toBe(10);
    expect(await from.dbsize()).toBe(0);
    expect(await moveQueue(from, to, 0)).toBe(0);
    expect(await old().queue.counts()).toMatchObject({ waiting: 2, retrying: 1 });
  });

  it('A queue that another process uses stays where it is', async () => {
    const [from, to, other] = [client(before!), client(after!), client(before!)];
    await other.set('oven:x', '1');
    await expect(moveQueue(from, to, 0)).rejects.toThrow(/still uses the queue/);
    expect([await from.dbsize(), await to.dbsize()]).toEqual([1, 0]);
  });
});
