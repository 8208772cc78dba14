import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OvenError } from '../../service/errors.ts';
import type { Callback } from '../../service/worker/callback-processor.ts';
import { startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';
import {
  openQueueFixture,
  type QueueFixture,
  RESULT,
  requestFor,
  untilAborted,
  useRedis,
} from './fixture.ts';
import { loseWorker } from './lose-worker.ts';

const { redis } = useRedis();

/** Loses the worker that takes this job. */
async function lose({ prefix }: QueueFixture, jobId: string): Promise<void> {
  expect(await loseWorker(redis().url, prefix)).toBe(jobId);
}

describe('killed worker', () => {
  it('The job of a killed worker goes to another worker, and no attempt is spent', async () => {
    const own = openQueueFixture(redis(), { attempts: 1 });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await lose(own, jobId);
    await own.work();
    await own.is(jobId, 'done');
    expect((await own.calls(1))[0]!.outcome).toEqual({ result: RESULT });
  });

  it('A worker that waits for a fault still finds the job of a dead worker', async () => {
    const own = openQueueFixture(redis());
    const { jobId } = await own.queue.submit(requestFor('a'));
    await lose(own, jobId);
    const { jobId: other } = await own.queue.submit(requestFor('b'));
    const workers = await own.work({
      bake: async () => {
        throw new OvenError('STORAGE_UNREACHABLE');
      },
      probe: async () => {
        throw new Error('The storage is still down.');
      },
      lockMs: 1000,
      stalledCheckMs: 100,
    });
    await until('it waits for the fault', () => workers.fault());
    await until('the job of the dead worker waits again', async () => {
      const report = await own.queue.status(jobId);
      return report?.status === 'queued';
    });
    expect((await own.queue.status(other))?.status).toBe('queued');
    expect(workers.fault()?.code).toBe('STORAGE_UNREACHABLE');
  });

  it('A job that loses too many workers fails with WORKER_LOST, which is retryable', async () => {
    const own = openQueueFixture(redis());
    const { jobId } = await own.queue.submit(requestFor('a'));
    await lose(own, jobId);
    await lose(own, jobId);
    await own.work({ maxStalled: 1 });
    const { error } = await own.is(jobId, 'failed');
    expect(error?.code).toBe('WORKER_LOST');
    const [callback] = await own.calls(1);
    expect(callback!.outcome).toMatchObject({ failure: { code: 'WORKER_LOST', retryable: true } });
    expect((await own.queue.submit(requestFor('a'))).outcome).toBe('retrying');
    await own.is(jobId, 'done');
  });
});

describe('hand back', () => {
  it('Active jobs are handed back when their worker closes, and no attempt is spent', async () => {
    const own = openQueueFixture(redis(), { attempts: 1, backoffMs: 3_600_000 });
    let aborted = 0;
    const old = await own.work({
      bake: (_request, { signal }) =>
        untilAborted(signal).catch((error) => {
          aborted += 1;
          throw error;
        }),
    });
    const running = [await own.queue.submit(requestFor('a')), await own.queue.submit(requestFor('b'))];
    const waiting = await own.queue.submit(requestFor('c'));
    for (const { jobId } of running) await own.is(jobId, 'downloading');
    await old.close(0);
    expect(aborted).toBe(2);
    for (const { jobId } of [...running, waiting]) await own.is(jobId, 'queued');
    await own.work();
    for (const { jobId } of [...running, waiting]) await own.is(jobId, 'done');
    expect(await own.calls(3)).toHaveLength(3);
  });

  it('An active job that ends within the grace is not handed back', async () => {
    const own = openQueueFixture(redis());
    let end = () => {};
    const old = await own.work({
      bake: () =>
        new Promise((resolve) => {
          end = () => resolve(RESULT);
        }),
    });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await own.is(jobId, 'downloading');
    const closing = old.close(30);
    end();
    await closing;
    expect((await own.queue.status(jobId))?.status).toBe('done');
  });

  it('A callback that was being sent when its worker closed is sent again under the same id', async () => {
    const tried: Callback[] = [];
    const own = openQueueFixture(redis());
    const old = await own.work({
      deliver: (callback, signal) => {
        tried.push(callback);
        return untilAborted(signal);
      },
    });
    await own.queue.submit(requestFor('a'));
    await until('it is on its way', () => tried.length === 1);
    await old.close(0);
    await own.work();
    const [sent] = await own.calls(1);
    expect(sent).toEqual(tried[0]);
  });
});

describe('expired lock', () => {
  it('A bake whose lock expired stops, and begins again in the same process', async () => {
    const own = openQueueFixture(redis());
    const [begun, reasons]: [string[], unknown[]] = [[], []];
    await own.work({
      lockMs: 500,
      bake: async (_request, { jobId, signal }) => {
        begun.push(jobId);
        if (begun.length > 1) return RESULT;
        return untilAborted(signal).catch((reason) => {
          reasons.push(reason);
          throw reason;
        });
      },
    });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await until('it has begun', () => begun.length === 1);
    const client = new Redis(redis().socket);
    await client.del(`${own.prefix}:bakes:${jobId}:lock`);
    client.disconnect();
    await own.is(jobId, 'done');
    expect(begun).toEqual([jobId, jobId]);
    expect(reasons).toEqual(['lost']);
    expect((await own.calls(1)).map(({ outcome }) => outcome)).toEqual([{ result: RESULT }]);
  });
});

describe('killed Redis', () => {
  it('Accepted tapes are baked and reported once although Redis is killed meanwhile', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const own = openQueueFixture(server);
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    await own.work({
      bake: async () => {
        await gate;
        return RESULT;
      },
    });
    const accepted = await Promise.all(
      ['a', 'b', 'c', 'd'].map((slug) => own.queue.submit(requestFor(slug))),
    );
    await until('two run', async () => (await own.queue.counts()).active === 2);
    await server.kill();
    await expect(own.queue.submit(requestFor('e'))).rejects.toThrow();
    go();
    await server.start();
    for (const { jobId } of accepted) await own.is(jobId, 'done');
    const ids = (await own.calls(4)).map(({ callbackId }) => callbackId);
    expect(new Set(ids).size).toBe(4);
  });

  it('Workers close although Redis is gone', async () => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const own = openQueueFixture(server);
    const workers = await own.work({ bake: (_request, { signal }) => untilAborted(signal) });
    const { jobId } = await own.queue.submit(requestFor('a'));
    await own.is(jobId, 'downloading');
    await server.kill();
    await workers.close(0);
    await expect(own.queue.checkWrite()).rejects.toThrow();
  });
});
