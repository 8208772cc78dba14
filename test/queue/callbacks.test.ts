import { describe, expect, it } from 'vitest';
import type { Callback } from '../../service/worker/callback-processor.ts';
import { fault, openQueueFixture, RESULT, requestFor, untilAborted, useRedis } from './fixture.ts';

const { redis } = useRedis();

/** A busy machine needs more than the second that vitest gives. */
const WAIT = { timeout: 20_000 };

describe('callback', () => {
  it('A receiver that hangs does not hold up the callbacks of another', async () => {
    const { queue, work } = openQueueFixture(redis());
    const hanging = new Set<string>();
    const answer = Promise.withResolvers<void>();
    await work({
      deliver: async ({ callbackId, request }) => {
        if (request.callbackUrl.includes('hangs')) {
          hanging.add(callbackId);
          await answer.promise;
        }
        return 'delivered';
      },
    });
    const submit = (slug: string, host: string) =>
      queue.submit(requestFor(slug, { callbackUrl: `https://${host}.test/hook` }));
    const slow = await Promise.all(Array.from({ length: 40 }, (_, n) => submit(`slow-${n}`, 'hangs')));
    await expect.poll(() => hanging.size, WAIT).toBe(4);
    const quick = await submit('quick', 'answers');
    await expect.poll(async () => (await queue.status(quick.jobId))?.callback.delivered, WAIT).toBe(true);
    expect(hanging.size).toBe(4);
    const { waiting, active, retrying } = (await queue.counts()).callbacks;
    expect([waiting + active, retrying]).toEqual([40, 0]); // none of them has failed
    answer.resolve();
    for (const { jobId } of slow) {
      await expect
        .poll(async () => (await queue.status(jobId))?.callback, WAIT)
        .toEqual({ delivered: true, attempts: 1 });
    }
  });

  it('A callback is sent again under the same id until it is delivered', async () => {
    const tried: Callback[] = [];
    const { queue, work, is } = openQueueFixture(redis());
    await work({
      deliver: async (callback) => {
        tried.push(callback);
        const lastError = `Failure ${callback.attempt}.`;
        return callback.attempt < 4 ? { lastError, retryInMs: 10 } : 'delivered';
      },
    });
    const { jobId } = await queue.submit(requestFor('a'));
    await expect.poll(async () => (await queue.status(jobId))?.callback.delivered, WAIT).toBe(true);
    expect((await is(jobId, 'done')).callback).toEqual({ delivered: true, attempts: 4 });
    expect(tried.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(tried.map(({ callbackId }) => callbackId)).size).toBe(1);
  });

  it('A callback that was given up leaves its bake done, and a replay begins with the first attempt', async () => {
    let up = false;
    const tried: Callback[] = [];
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
      .toEqual({ delivered: true, attempts: 2 });
    expect(tried.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(tried[1]).toEqual(tried[0]);
  });

  it('A replay sends a callback at once that waits for its next attempt', async () => {
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
    expect((await queue.counts()).callbacks.waiting).toBe(0);
    up = true;
    expect(await queue.replayCallback(jobId)).toBe('sent');
    await calls(1);
  });

  it('A callback that fails with a bug is sent again, and the report shows nothing of the bug', async () => {
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

  it('A replay needs a finished job', async () => {
    const { queue } = openQueueFixture(redis());
    const { jobId } = await queue.submit(requestFor('a'));
    expect(await queue.replayCallback(jobId)).toBe('unfinished');
    expect(await queue.replayCallback('nothing')).toBe('absent');
  });

  it('A callback that is being sent while a new attempt of its bake begins is outdated', async () => {
    let bakes = 0;
    const [tried, ended]: [Callback[], string[]] = [[], []];
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
    await expect.poll(async () => (await queue.status(jobId))?.callback.delivered, WAIT).toBe(true);
    await expect.poll(async () => Object.values((await queue.counts()).callbacks)).toEqual([0, 0, 0, 0]);
    expect(tried.map(({ outcome }) => Object.keys(outcome)[0])).toEqual(['failure', 'result']);
    expect(ended).toEqual([]);
  });
});

describe('retry', () => {
  it('A retry makes a new attempt of a bake that is not retryable by itself', async () => {
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

  it('A retry needs a failed job', async () => {
    const { queue, work, is } = openQueueFixture(redis());
    expect(await queue.retry('nothing')).toBe('absent');
    const { jobId } = await queue.submit(requestFor('a'));
    expect(await queue.retry(jobId)).toBe('unfinished');
    await work({ bake: (_request, { signal }) => untilAborted(signal) });
    await is(jobId, 'downloading');
    expect(await queue.retry(jobId)).toBe('unfinished');
  });
});
