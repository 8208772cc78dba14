import { setTimeout as delay } from 'node:timers/promises';
import { openQueue } from '../../service/queue/queue.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import { startWorkers } from '../../service/worker/workers.ts';
import { startRedis } from '../../test/rig/redis.ts';
import { until } from '../../test/rig/until.ts';
import { measureRedis, type RedisWork } from './redis.ts';

/** How often a bake reports its progress, in milliseconds; the worker writes each. */
const PROGRESS_MS = 250;
const AT_ONCE = 100;

/** What the queue costs for `count` tapes from their submission to the delivered callback, with bakes that only last `seconds`. */
export async function queueCost(count: number, seconds: number): Promise<RedisWork> {
  const redis = await startRedis();
  const address = { redis: { url: redis.url } };
  const queue = openQueue({ ...address, maxQueued: count });
  let delivered = 0;
  const workers = await startWorkers({
    ...address,
    concurrency: AT_ONCE,
    deliveries: 8,
    bake: async ({ slug }, { onProgress }) => {
      const steps = Math.round((seconds * 1000) / PROGRESS_MS);
      for (let step = 1; step <= steps; step += 1) {
        await delay(PROGRESS_MS);
        onProgress({ stage: 'encoding', progress: step / steps });
      }
      const url = `https://blobs.test/tapes/${slug}`;
      return {
        ...{ width: 1280, height: 960, duration: 8, bytes: 1_700_000 },
        outputs: { mp4: `${url}.mp4`, thumbnail: `${url}-thumb.jpg` },
      };
    },
    deliver: async () => {
      delivered += 1;
      return 'delivered';
    },
  });
  const all = async () => {
    await Promise.all(Array.from({ length: count }, (_, n) => queue.submit(requestOf(n))));
    await until('all are delivered', () => delivered === count, 600);
    await until('all is written', async () => (await queue.counts()).callbacks.active === 0);
  };
  try {
    return await measureRedis(redis.socket, all);
  } finally {
    await workers.close(0);
    await queue.close();
    await redis.stop();
  }
}

function requestOf(n: number): BakeRequest {
  const slug = `2026.11.26.10.00.00.${n}`;
  return {
    mongoId: `665f1c2e9b1e8a001${n}`,
    slug,
    zipUrl: `https://art.test/${slug}.zip`,
    callbackUrl: 'https://site.test/api/tape-bake-complete',
    outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
    secretFingerprint: 'a fingerprint of 16',
    metadata: { piece: 'prompt', title: slug },
  };
}
