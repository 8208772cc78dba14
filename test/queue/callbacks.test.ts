import { describe, expect, it } from 'vitest';
import type { CallbackJob } from '../../service/worker/callback-processor.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

describe('a callback', () => {
  it('is tried as its delivery says, under one id, and what went wrong is told', async () => {
    const tried: CallbackJob[] = [];
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      deliver: async (callback) => {
        tried.push(callback);
        const lastError = `Failure ${callback.attempt}.`;
        return callback.attempt < 4 ? { lastError, retryInMs: 10 } : 'delivered';
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.status(jobId))?.callback.delivered).toBe(true);
    expect((await is(jobId, 'done')).callback).toEqual({ delivered: true, attempts: 4 });
    expect(tried.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(tried.map(({ callbackId }) => callbackId)).size).toBe(1);
  });

  it('given up leaves the bake done, and can be sent again from the first attempt on', async () => {
    let up = false;
    const tried: CallbackJob[] = [];
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      deliver: async (callback) => {
        tried.push(callback);
        return up ? 'delivered' : { lastError: 'The receiver answered 410.' };
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.counts()).callbacks.failed).toBe(1);
    const report = await is(jobId, 'done');
    expect(report.callback).toEqual({
      delivered: false,
      attempts: 1,
      lastError: 'The receiver answered 410.',
      givenUp: true,
    });
    up = true;
    expect(await queue.replayCallback(jobId)).toBe('sent');
    await expect
      .poll(async () => (await queue.status(jobId))?.callback)
      .toEqual({
        ...{ delivered: true, attempts: 2 },
      });
    expect(tried.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(tried[1]).toEqual(tried[0]);
  });

  it('waiting for another try is sent at once when asked for', async () => {
    let up = false;
    const { queue, work, calls, delivered } = openQueueFixture(redis());
    await work({
      deliver: async (callback) => {
        if (!up) return { lastError: 'No.', retryInMs: 3_600_000 };
        delivered.push(callback);
        return 'delivered';
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.counts()).callbacks.retrying).toBe(1);
    up = true;
    expect(await queue.replayCallback(jobId)).toBe('sent');
    await calls(1);
  });

  it('of a failure not foreseen is tried again', async () => {
    const { queue, work, errors } = openQueueFixture(redis());
    await work({ deliver: async () => Promise.reject(new Error('A bug with secrets.')) });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.counts()).callbacks.retrying).toBe(1);
    const report = await queue.status(jobId);
    expect(report?.callback).toMatchObject({
      delivered: false,
      lastError: 'The callback could not be made.',
    });
    expect(errors.map(({ message }) => message)).toContain('A bug with secrets.');
  });

  it('can be asked for of what is finished only', async () => {
    const { queue } = openQueueFixture(redis());
    const { jobId } = await queue.submit(requestFor('a'));
    expect(await queue.replayCallback(jobId)).toBe('unfinished');
    expect(await queue.replayCallback('nothing')).toBe('absent');
  });

  it('that is being sent when a new attempt begins is outdated then', async () => {
    let bakes = 0;
    const [tried, ended]: [CallbackJob[], string[]] = [[], []];
    const { queue, work, is } = openQueueFixture(redis(), { attempts: 1 });
    let answer = () => {};
    await work({
      bake: async () => {
        bakes += 1;
        if (bakes === 1) throw fault('SOURCE_TIMEOUT');
        return RESULT;
      },
      deliver: (callback) => {
        tried.push(callback);
        if (tried.length > 1) return Promise.resolve('delivered');
        return new Promise((resolve) => {
          answer = () => resolve({ lastError: 'No.', retryInMs: 1 });
        });
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(() => tried.length).toBe(1);
    await queue.submit(requestFor('a'));
    await is(jobId, 'done');
    answer();
    await expect.poll(async () => (await queue.status(jobId))?.callback.delivered).toBe(true);
    await expect.poll(async () => Object.values((await queue.counts()).callbacks)).toEqual([0, 0, 0, 0]);
    expect(tried.map(({ outcome }) => Object.keys(outcome)[0])).toEqual(['failure', 'result']);
    expect(ended).toEqual([]);
  });
});

describe('retry', () => {
  it('of what failed for good is a new attempt', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async () => {
        bakes += 1;
        if (bakes === 1) throw fault('NOT_A_ZIP');
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(requestFor('a', { metadata: { n: 1 } }), { priority: 7 });
    await calls(1);
    expect(await queue.retry(jobId)).toBe('retrying');
    await is(jobId, 'done');
    const last = (await calls(2)).at(-1)!;
    expect(last).toMatchObject({ outcome: { result: RESULT }, request: { metadata: { n: 1 } } });
    expect(await queue.retry(jobId)).toBe('done');
  });

  it('is of what failed only', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    expect(await queue.retry('nothing')).toBe('absent');
    const { jobId } = await queue.submit(requestFor('a'));
    expect(await queue.retry(jobId)).toBe('unfinished');
    await work({ bake: (_request, { signal }) => untilAborted(signal) });
    await is(jobId, 'downloading');
    expect(await queue.retry(jobId)).toBe('unfinished');
  });
});
