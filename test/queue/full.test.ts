import { Redis } from 'ioredis';
import { expect, it, onTestFinished } from 'vitest';
import { openQueueFixture, requestFor, useRedis } from './fixture.ts';

const { redis } = useRedis();
const LARGE = { text: 'x'.repeat(1_000_000) };

/** Bytes that Redis holds. */
async function used(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

// Redis does not load the scripts of a command that it refuses for lack of memory: a client that counts them as loaded loses tapes.
it.each([
  ['the first tape', false, 0],
  ['the first tape that has a priority', true, 5],
])(
  'A Redis that was full for a while takes tapes again, and loses none: %s',
  async (_what, isWarm, priority) => {
    const own = openQueueFixture(redis());
    const client = new Redis(redis().socket);
    onTestFinished(async () => {
      await client.config('SET', 'maxmemory', '0');
      client.disconnect();
    });
    await own.queue.checkWrite();
    if (isWarm) await own.queue.submit(requestFor('before'));
    await client.config('SET', 'maxmemory', `${(await used(client)) + 300_000}`);
    const refused = own.queue.submit(requestFor('refused', { metadata: LARGE }), { priority });
    await expect(refused).rejects.toThrow(/EXECABORT|OOM/);
    await client.config('SET', 'maxmemory', '0');
    const { jobId } = await own.queue.submit(requestFor('after'), { priority });
    await own.work();
    await own.is(jobId, 'done');
    expect((await own.calls(isWarm ? 2 : 1)).map(({ request }) => request.slug)).toContain('after');
  },
);
