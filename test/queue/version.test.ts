import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../service/config/config.ts';
import { keys } from '../../service/queue/store.ts';
import { claimVersion, DATA_VERSION } from '../../service/queue/version.ts';
import { startupChecks } from '../../service/selfcheck/startup-checks.ts';
import { until } from '../rig/until.ts';
import { openQueueFixture, useRedis } from './fixture.ts';

const { redis } = useRedis();
let client: Redis;
beforeAll(() => {
  client = new Redis({ path: redis().socket });
});
afterAll(() => client.disconnect());

it.each([
  ['a new queue', undefined, 5, '5'],
  ['an older queue', '3', 5, '5'],
  ['its own queue', '5', 5, '5'],
  ['a queue that is newer by one, while releases are rolled or after a rollback', '6', 5, '6'],
])('A release works on %s', async (_what, kept, own, after) => {
  const prefix = `claim-${kept}`;
  if (kept !== undefined) await client.set(keys.version(prefix), kept);
  await claimVersion(client, prefix, own);
  expect(await client.get(keys.version(prefix))).toBe(after);
});

it('On a queue that is newer by two neither the workers nor a candidate start, and nothing is changed', async () => {
  const own = openQueueFixture(redis());
  const key = keys.version(own.prefix);
  await client.set(key, DATA_VERSION + 2);
  await expect(own.work()).rejects.toMatchObject({
    code: 'QUEUE_NEWER',
    message: expect.stringContaining('Start that release'),
  });
  // BullMQ enters its own version.
  expect((await client.keys(`${own.prefix}:*`)).filter((one) => !one.endsWith(':meta'))).toEqual([key]);
  await client.set(keys.version('oven'), DATA_VERSION + 2);
  onTestFinished(() => void client.del(keys.version('oven')));
  const config = { redis: { url: redis().url }, storage: {} } as unknown as Config;
  await expect(startupChecks(config, [], { check: async () => {} })[0]!.run()).rejects.toThrow(
    'The queue has jobs of a release',
  );
});

it('A Redis that takes no writes at the start does not end the workers, and the version is entered later', async () => {
  const own = openQueueFixture(redis());
  await client.config('SET', 'maxmemory', '1');
  try {
    await own.work();
  } finally {
    await client.config('SET', 'maxmemory', '0');
  }
  await until(
    'it is entered',
    async () => (await client.get(keys.version(own.prefix))) === `${DATA_VERSION}`,
  );
});

/** Keys that test/queue/write-jobs.ts read. */
type Dump = Record<
  string,
  { readonly type: string; readonly value: string | string[] | Record<string, string> }
>;
const WRITTEN = JSON.parse(readFileSync(new URL('jobs-v1.json', import.meta.url), 'utf8')) as Dump;

/** Writes the keys under another prefix. */
async function restore(prefix: string, change: (text: string) => string): Promise<void> {
  const renamed = (text: string) => text.replaceAll('written:', `${prefix}:`);
  for (const [key, { type, value }] of Object.entries(WRITTEN)) {
    const to = renamed(key);
    if (typeof value === 'string') await client.set(to, renamed(value));
    else if (!Array.isArray(value)) {
      const fields = Object.entries(value).map(([name, text]) => [
        name,
        renamed(name === 'data' ? change(text) : text),
      ]);
      await client.hset(to, Object.fromEntries(fields));
    } else if (type === 'list') await client.rpush(to, ...value.map(renamed));
    else if (type === 'set') await client.sadd(to, ...value.map(renamed));
    else {
      for (let n = 0; n < value.length; n += 2) await client.zadd(to, value[n + 1]!, renamed(value[n]!));
    }
  }
}

describe.each([
  ['the release before', (text: string) => text],
  [
    'the release after, which may add fields',
    (text: string) =>
      JSON.stringify({
        ...JSON.parse(text),
        isNew: true,
        request: { ...JSON.parse(text).request, isNew: { a: 1 } },
      }),
  ],
])('Jobs that were written by %s', (_whose, change) => {
  it('are listed, shown, baked and called back', async () => {
    const own = openQueueFixture(redis());
    await restore(own.prefix, change);
    const { jobs } = await own.queue.list({}, { limit: 10 });
    const found = Object.fromEntries(jobs.map((job) => [job.slug, job]));
    expect(Object.keys(found).sort()).toEqual(['done', 'failed', 'private', 'undelivered', 'waiting']);
    expect(found.done).toMatchObject({
      status: 'done',
      mongoId: 'id-of-done',
      code: 'don',
      callback: { delivered: true },
    });
    expect(found.failed).toMatchObject({
      status: 'failed',
      error: { code: 'NOT_A_ZIP' },
      callback: { delivered: true },
    });
    expect(found.undelivered).toMatchObject({
      status: 'done',
      callback: { delivered: false, lastError: 'It answered 500.' },
    });
    expect(found.private).toMatchObject({ status: 'queued', private: true, priority: 7 });
    const details = await own.queue.details(found.undelivered!.jobId);
    // Before there is a worker: it would send the callback by itself too.
    expect(await own.queue.replayCallback(found.undelivered!.jobId)).toBe('sent');
    await own.work();
    const slugs = () => own.delivered.map(({ request }) => request.slug).sort();
    await until('what waited is delivered', () => slugs().length === 3 && slugs());
    expect(slugs()).toEqual(['private', 'undelivered', 'waiting']);
    expect(own.delivered.find(({ request }) => request.slug === 'undelivered')).toMatchObject({
      callbackId: details!.callbackId,
      request: { metadata: { title: 'undelivered' }, secretFingerprint: 'f1ngerprint' },
    });
    expect(await own.queue.purge('waiting')).toMatchObject({ removed: [found.waiting!.jobId] });
    expect(own.errors).toEqual([]);
  });
});
