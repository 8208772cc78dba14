import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis } from '../../test/rig/redis.ts';
import { startS3 } from '../../test/rig/s3.ts';
import { startServiceProcess } from '../../test/rig/service-process.ts';
import { until } from '../../test/rig/until.ts';
import { startFront } from '../../test/storage/front.ts';
import { makeTape, type TapeSpec } from '../../test/tapes/make.ts';
import { measureRedis, type RedisWork } from './redis.ts';

export interface Measured {
  readonly hosts: number;
  readonly tapesPerMinute: number;
  /** Processor seconds of the hosts' processes and their encoders for each tape. */
  readonly cpuPerTape: number;
  /** Of Redis, while the tapes were baked, and in `idle.seconds` without any. */
  readonly redis: RedisWork;
  readonly idle: RedisWork;
  /** Requests to the bucket of videos for each tape. */
  readonly bucketRequestsPerTape: number;
}

const SECRET = 'the secret of bench:scale';
const TAPE: TapeSpec = { scene: 'wire', width: 320, height: 240, seconds: 4 };
const IDLE_MS = 10_000;
/** Of /proc. */
const TICKS_PER_SECOND = 100;

/** Bakes `tapes` real tapes by so many processes of the real service, each one bake at a time, on one queue. */
export async function measureHosts(hosts: number, tapes: number): Promise<Measured> {
  const root = await mkdtemp(join(tmpdir(), 'oven-scale-'));
  await makeTape(join(root, 'tape.zip'), TAPE);
  const tape = await readFile(join(root, 'tape.zip'));
  const redis = await startRedis();
  const s3 = await startS3();
  await s3.make('blobs', 'public');
  const front = await startFront(s3.endpoint);
  let called = 0;
  const outside = createServer((request, response) => {
    if (request.method === 'GET') return void response.end(tape);
    request.resume().on('end', () => {
      called += 1;
      response.end();
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const site = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  const start = async (n: number) => {
    const tempDir = join(root, `${n}`);
    await mkdir(tempDir);
    const listening = Promise.withResolvers<string>();
    const env = {
      ...{
        PATH: process.env.PATH,
        PORT: '0',
        METRICS_PORT: '0',
        CONCURRENCY: '1',
        MAX_QUEUED: '1000',
        MIN_FREE_MB: '0',
      },
      ...{ NODES: `${Math.max(2, hosts)}`, NODE_NAME: `oven-${n}`, TEMP_DIR: tempDir, REDIS_URL: redis.url },
      ...{ CALLBACK_SECRET: SECRET, ALLOWED_SOURCES: site, ALLOWED_CALLBACKS: site },
      ...bucket('ART', s3.endpoint.href, s3),
      ...bucket('AT_BLOBS', front.endpoint.href, s3),
    };
    const host = startServiceProcess(env, (line) => {
      if (line.includes('"msg":"listening"')) listening.resolve((JSON.parse(line) as { url: string }).url);
    });
    return { host, url: await listening.promise };
  };
  const running = await Promise.all(Array.from({ length: hosts }, (_, n) => start(n)));
  const bake = async (count: number, name: string) => {
    const wanted = called + count;
    await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const slug = `${name}-${n}`;
        const body = JSON.stringify({
          ...{
            mongoId: slug,
            slug,
            zipUrl: `${site}/${slug}.zip`,
            callbackUrl: `${site}/hook`,
            callbackSecret: SECRET,
          },
        });
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`${running[n % hosts]!.url}/bake`, { method: 'POST', headers, body });
        if (answer.status !== 202) throw new Error(`${slug}: ${answer.status} ${await answer.text()}`);
      }),
    );
    await until('every callback', () => called >= wanted, 230);
  };
  try {
    await bake(hosts, 'warm');
    const idle = await measureRedis(redis.socket, () => delay(IDLE_MS));
    front.reset();
    const cpu = () => running.reduce((sum, { host }) => sum + cpuSeconds(host.pid), 0);
    const before = cpu();
    const work = await measureRedis(redis.socket, () => bake(tapes, 'tape'));
    const used = cpu() - before;
    return {
      hosts,
      tapesPerMinute: (60 * tapes) / work.seconds,
      cpuPerTape: used / tapes,
      redis: work,
      idle,
      bucketRequestsPerTape: front.asked.length / tapes,
    };
  } finally {
    await Promise.all(running.map(({ host }) => host.stop('SIGTERM')));
    outside.closeAllConnections();
    outside.close();
    await front.stop();
    await s3.stop();
    await redis.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** Processor seconds of a process and of its children that have ended. */
function cpuSeconds(pid: number): number {
  const [, rest = ''] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
  const ticks = rest.split(' ').slice(11, 15).map(Number); // utime, stime, cutime, cstime
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

function bucket(
  prefix: string,
  endpoint: string,
  { key, secret }: { readonly key: string; readonly secret: string },
) {
  return {
    [`${prefix}_SPACES_ENDPOINT`]: endpoint,
    [`${prefix}_SPACES_BUCKET`]: 'blobs',
    [`${prefix}_SPACES_KEY`]: key,
    [`${prefix}_SPACES_SECRET`]: secret,
  };
}
