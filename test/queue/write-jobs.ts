// node test/queue/write-jobs.ts >test/queue/jobs-v1.json: what this release writes into Redis for jobs in each state, as test/queue/version.test.ts
// gives it to later releases. It is run again when DATA_VERSION is raised, for the version before.
import { Redis } from 'ioredis';
import { OvenError } from '../../service/errors.ts';
import { openQueue } from '../../service/queue/queue.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { startWorkers } from '../../service/worker/workers.ts';
import { startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

const prefix = 'written';
const request = (slug: string, part: Partial<BakeRequest> = {}): BakeRequest => ({
  mongoId: `id-of-${slug}`,
  slug,
  code: slug.slice(0, 3),
  zipUrl: `https://art.test/${slug}.zip?signature=1`,
  callbackUrl: 'https://site.test/hook',
  outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
  secretFingerprint: 'f1ngerprint',
  metadata: { title: slug },
  ...part,
});

const redis = await startRedis();
const queue = openQueue({ redis: { url: redis.url }, prefix, maxQueued: 100 });
const workers = await startWorkers({
  redis: { url: redis.url },
  prefix,
  concurrency: 1,
  bake: async ({ slug }) => {
    if (slug === 'failed') throw new OvenError('NOT_A_ZIP');
    return {
      width: 80,
      height: 60,
      duration: 1.5,
      bytes: 1234,
      outputs: { mp4: `https://b.test/${slug}.mp4` },
    };
  },
  deliver: async ({ request: { slug } }) =>
    slug === 'undelivered' ? { lastError: 'It answered 500.', retryInMs: 3_600_000 } : 'delivered',
});
for (const slug of ['done', 'failed', 'undelivered']) {
  const { jobId } = await queue.submit(request(slug));
  await until(`${slug} has ended`, async () => ((await queue.status(jobId))?.callback.attempts ?? 0) > 0);
}
await until(
  'the index is written',
  async () => (await queue.list({ status: 'done' }, { limit: 9 })).jobs.length === 2,
);
await workers.close(0);
await queue.submit(request('waiting'));
await queue.submit(request('private', { private: true, acl: 'private' } as Partial<BakeRequest>), {
  priority: 7,
});
await queue.close();

const client = new Redis({ path: redis.socket });
const dump: Record<string, unknown> = {};
const read: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  string: (key) => client.get(key),
  hash: (key) => client.hgetall(key),
  list: (key) => client.lrange(key, 0, -1),
  set: (key) => client.smembers(key),
  zset: (key) => client.zrange(key, '0', '-1', 'WITHSCORES'),
};
for (const key of (await client.keys(`${prefix}:*`)).sort()) {
  const type = await client.type(key);
  if (read[type]) dump[key] = { type, value: await read[type](key) };
}
client.disconnect();
await redis.stop();
process.stdout.write(`${JSON.stringify(dump, null, 1)}\n`);
