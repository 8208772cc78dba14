import { describe, expect, it } from 'vitest';
import type { Callback } from '../../service/worker/callback-processor.ts';
import { until } from '../rig/until.ts';
import { fault, openQueueFixture, RESULT, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();

const preview = requestFor('a', { publish: false });
const published = requestFor('a');

/** Whether each callback tells its receiver to publish. */
const said = (calls: readonly Callback[]) => calls.map(({ request }) => request.publish !== false);
const ids = (calls: readonly Callback[]) => new Set(calls.map(({ callbackId }) => callbackId)).size;

describe('A request to publish what was baked as a preview', () => {
  it('A request to publish a finished preview sends a new callback, and bakes nothing', async () => {
    let bakes = 0;
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work({
      bake: async () => {
        bakes += 1;
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(preview);
    await calls(1);
    await is(jobId, 'done');
    expect(await queue.submit(published)).toEqual({ jobId, status: 'done', created: false, outcome: 'done' });
    const both = await calls(2);
    expect(said(both)).toEqual([false, true]);
    expect(ids(both)).toBe(2);
    expect(both[1]).toMatchObject({ jobId, outcome: { result: RESULT }, attempt: 1 });
    await until('it is delivered', async () => (await queue.status(jobId))?.callback.delivered);

    await queue.submit(published);
    const all = await calls(3);
    expect(said(all)).toEqual([false, true, true]);
    expect(ids(all)).toBe(2);
    expect(bakes).toBe(1);
  });

  it('A request to publish changes the one callback of a preview that waits', async () => {
    const { queue, work, calls } = openQueueFixture(redis());
    const { jobId } = await queue.submit(preview);
    expect(await queue.submit(published)).toMatchObject({ jobId, outcome: 'already' });
    expect(await queue.submit(preview)).toMatchObject({ jobId, outcome: 'already' });
    await work();
    expect(said(await calls(1))).toEqual([true]);
  });

  it('A request to publish withdraws the cancellation of a preview, and is published', async () => {
    const { queue, work, calls } = openQueueFixture(redis());
    const { jobId } = await queue.submit(preview);
    expect(await queue.cancel(jobId)).toBe('cancelled');
    expect(await queue.submit(published)).toMatchObject({ jobId, outcome: 'retrying' });
    await work();
    const [call] = await calls(1);
    expect(call).toMatchObject({ outcome: { result: RESULT } });
    expect(said([call!])).toEqual([true]);
  });

  it('A request to publish is sent although the callback of the preview is being sent, or waits to be sent again', async () => {
    for (const answer of ['delivered', { lastError: 'It was busy.', retryInMs: 60_000 }] as const) {
      const { queue, work, is } = openQueueFixture(redis());
      const first = Promise.withResolvers<typeof answer>();
      const calls: Callback[] = [];
      await work({
        deliver: async (call) => {
          calls.push(call);
          return calls.length === 1 ? first.promise : 'delivered';
        },
      });
      const { jobId } = await queue.submit(preview);
      await until('the preview is being sent', async () => calls.length === 1);
      await is(jobId, 'done');
      if (answer !== 'delivered') first.resolve(answer);
      await queue.submit(published);
      await until('the second is delivered', async () => (await queue.status(jobId))?.callback.delivered);
      first.resolve(answer);
      expect(said(calls)).toEqual([false, true]);
      expect(ids(calls)).toBe(2);
    }
  });

  it('A request to publish is heard whenever it comes: while the bake waits, runs or ends, or its callback is sent', async () => {
    const { queue, work, delivered } = openQueueFixture(redis());
    await work({ concurrency: 4 });
    const names = Array.from({ length: 40 }, (_, n) => `t${n}`);
    await Promise.all(
      names.map(async (name, n) => {
        const { jobId } = await queue.submit(requestFor(name, { publish: false }));
        for (let looks = 0; looks < n % 8; looks += 1) await queue.status(jobId);
        await queue.submit(requestFor(name));
      }),
    );
    await until('each is delivered as published', async () => {
      const heard = delivered.filter((call) => said([call])[0]).map(({ request }) => request.slug);
      return new Set(heard).size === names.length;
    });
    for (const name of names) {
      const calls = delivered.filter(({ request }) => request.slug === name);
      expect(said(calls)).toEqual(calls.length === 1 ? [true] : [false, true]);
      expect(ids(calls)).toBe(calls.length);
    }
  });

  it('A request to publish a preview that failed for a while makes a new attempt, whose callback is published', async () => {
    let fails = true;
    const { queue, work, is, calls } = openQueueFixture(redis(), { attempts: 1 });
    await work({
      bake: async () => {
        if (fails) throw fault('SOURCE_TIMEOUT');
        return RESULT;
      },
    });
    const { jobId } = await queue.submit(preview);
    await is(jobId, 'failed');
    await calls(1);
    fails = false;
    expect(await queue.submit(published)).toMatchObject({ outcome: 'retrying' });
    expect(said(await calls(2))).toEqual([false, true]);
  });
});

describe('A preview of what was to be published', () => {
  it('A later preview does not take back that a finished tape is published', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work();
    const { jobId } = await queue.submit(published);
    await is(jobId, 'done');
    await calls(1);
    await queue.submit(preview);
    const both = await calls(2);
    expect(said(both)).toEqual([true, true]);
    expect(ids(both)).toBe(1);
  });

  it('A later preview, and an operator’s retry, do not take back that a failed tape is published', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis(), { attempts: 1 });
    await work({ bake: async () => Promise.reject(fault('SOURCE_TIMEOUT')) });
    const { jobId } = await queue.submit(preview);
    await is(jobId, 'failed');
    await calls(1);
    await queue.submit(published);
    await calls(2);
    await is(jobId, 'failed');
    await queue.submit(preview);
    await calls(3);
    await is(jobId, 'failed');
    await queue.retry(jobId);
    expect(said(await calls(4))).toEqual([false, true, true, true]);
  });

  it('A rebake as a preview leaves what is published to the job before it', async () => {
    const { queue, work, is, calls } = openQueueFixture(redis());
    await work();
    const { jobId } = await queue.submit(published);
    await is(jobId, 'done');
    await calls(1);
    await queue.submit(preview, { rebake: true });
    expect(said(await calls(2))).toEqual([true, false]);
  });
});
