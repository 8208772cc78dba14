/** What Redis keeps until some time, after its clock or the worker's was set back an hour. */
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hastenDelayed } from '../../service/queue/clock.ts';
import { withLock } from '../../service/queue/lock.ts';
import { until } from '../rig/until.ts';
import { fault, openQueueFixture, requestFor, useRedis } from './fixture.ts';
import { loseWorker } from './lose-worker.ts';

const { redis } = useRedis();
const HOUR = 3_600_000;

function openClient(): Redis {
  const client = new Redis(redis().socket);
  onTestFinished(() => client.disconnect());
  return client;
}

describe('Redis’s clock is set back an hour', () => {
  it('The job of a dead worker goes to another worker within the usual time', async () => {
    const own = openQueueFixture(redis());
    const client = openClient();
    const { jobId } = await own.queue.submit(requestFor('a'));
    expect(await loseWorker(redis().url, own.prefix)).toBe(jobId);
    // Redis ends a key at a time of its clock: after that was set back an hour, what it had lasts an hour longer.
    for (const key of [`${jobId}:lock`, 'stalled-check']) {
      await client.set(`${own.prefix}:bakes:${key}`, 'of the dead worker', 'PX', HOUR);
    }
    await own.work();
    await own.is(jobId, 'done');
  });

  it('The lock of a dead process is there for no longer than it may', async () => {
    const client = openClient();
    const key = 'test-lock-of-the-dead';
    await client.set(key, 'dead', 'PX', HOUR);
    await expect(withLock(client, key, async () => {}, 0)).rejects.toThrow('can');
    const left = await client.pttl(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(15_000);
  });
});

describe('The worker’s clock is set back an hour', () => {
  /** A bake and two callbacks wait, one of them since two hours. */
  async function openDelayed() {
    const own = openQueueFixture(redis(), { backoffMs: 60_000 });
    const workers = await own.work({
      bake: async ({ slug }) => {
        if (slug === 'fails') throw fault('SOURCE_UNREACHABLE');
        return { width: 2, height: 2, duration: 1, bytes: 1, outputs: {} };
      },
      deliver: async () => ({ lastError: 'No.', retryInMs: 24 * HOUR }),
    });
    for (const slug of ['fails', 'a', 'b']) await own.queue.submit(requestFor(slug));
    await until('all wait', async () => {
      const { retrying, callbacks } = await own.queue.counts();
      return retrying + callbacks.retrying === 3;
    });
    await workers.close(0);
    const client = openClient();
    const key = (queue: string) => `${own.prefix}:${queue}:delayed`;
    const read = async () => {
      const all = await Promise.all(
        ['bakes', 'callbacks'].map((queue) => client.zrange(key(queue), '0', '-1', 'WITHSCORES')),
      );
      return new Map(
        all.flatMap((found) =>
          found.flatMap((id, n) => (n % 2 ? [] : [[id, Number(found[n + 1]) / 4096] as const])),
        ),
      );
    };
    const older = (await client.zrange(key('callbacks'), '0', '0'))[0]!;
    await client.zincrby(key('callbacks'), -2 * HOUR * 4096, older);
    return { client, prefix: own.prefix, older, read };
  }

  it('Every job that waits is due as much earlier, once for all processes of the machine', async () => {
    const { client, prefix, older, read } = await openDelayed();
    const before = await read();
    const now = Date.now() - HOUR;
    expect(await hastenDelayed(client, prefix, HOUR, now)).toBe(3);
    expect(await hastenDelayed(client, prefix, HOUR, now)).toBe(0);
    const after = await read();
    for (const [id, at] of before) expect(Math.abs(at - HOUR - after.get(id)!)).toBeLessThan(1000);
    expect(after.get(older)! - now).toBeLessThan(22 * HOUR + 1000);
  });

  it('A process that was not there to see it lets no job wait for longer than its own delay', async () => {
    const { client, prefix, read } = await openDelayed();
    const now = Date.now() - HOUR;
    expect(await hastenDelayed(client, prefix, 0, now)).toBe(2); // nobody can tell of the one that waits since two hours
    const waits = [...(await read()).values()].map((at) => at - now).sort((a, b) => a - b);
    expect(waits[0]).toBeLessThanOrEqual(60_000);
    expect(waits[2]).toBeLessThanOrEqual(24 * HOUR);
    expect(await hastenDelayed(client, prefix, 0, now)).toBe(0);
  });
});
