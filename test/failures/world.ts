/** The service in a process of its own, with real neighbours that fail tape by tape, and with marked secrets. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { type Receiver, startReceiver } from '../callback/receiver.ts';
import { freePort } from '../rig/port.ts';
import { startRedis } from '../rig/redis.ts';
import { type S3Action, startS3 } from '../rig/s3.ts';
import { type ServiceProcess, startServiceProcess } from '../rig/service-process.ts';
import { until } from '../rig/until.ts';
import { smallDisk } from '../soak/disk.ts';
import { startFront } from '../storage/front.ts';
import { mayMount } from '../storage/small-disk.ts';
import { makeTape } from '../tapes/make.ts';
import { MARKED, OF_CALLERS, OLD_SECRET, PLANTED } from './marks.ts';

/** A line of the log. */
export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly jobId?: string;
  readonly code?: string;
  readonly [field: string]: unknown;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

const BUCKETS: readonly (readonly [bucket: string, prefix: string, actions: readonly S3Action[]])[] = [
  ['art', 'ART_SPACES', ['s3:GetObject', 's3:ListBucket']],
  ['user', 'USER_SPACES', ['s3:GetObject', 's3:ListBucket']],
  [
    'blobs',
    'AT_BLOBS_SPACES',
    ['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:PutObjectAcl', 's3:DeleteObject'],
  ],
];

/** Starts everything but the service. */
export async function startWorld() {
  const root = await mkdtemp(join(tmpdir(), `oven-${PLANTED}-`));
  const folder = (name: string) => join(root, name);
  for (const name of ['disk', 'bin', 'once']) await mkdir(folder(name));
  const disk = smallDisk(folder('disk'));
  if (mayMount) disk.mount();
  await mkdir(disk.temp);
  await writeFile(join(folder('bin'), 'ffmpeg'), faultyEncoder(folder('once')), { mode: 0o755 });
  const tape = folder('tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 0.2, sound: true });

  const [redis, s3, redisPort] = await Promise.all([startRedis(), startS3(), freePort()]);
  const admin = new Redis({ path: redis.socket });
  admin.on('error', () => {}); // the test ends Redis
  /** Redis forgets it all when it ends. */
  const openRedis = async () => {
    await admin.config('SET', 'bind', '127.0.0.1');
    await admin.config('SET', 'port', `${redisPort}`);
    await admin.call('ACL', 'SETUSER', 'oven', 'on', `>${MARKED.REDIS_URL}`, '~*', '&*', '+@all');
  };
  await openRedis();
  const front = await startFront(s3.endpoint);
  for (const [bucket, prefix, actions] of BUCKETS) {
    await s3.make(bucket, 'private');
    await s3.addKey(MARKED[`${prefix}_KEY`]!, MARKED[`${prefix}_SECRET`]!);
    await s3.allow(bucket, MARKED[`${prefix}_KEY`]!, actions);
  }
  const receiver: Receiver = await startReceiver((response, { path }) => {
    const times = receiver.received.filter((one) => one.path === path).length;
    if (path.includes('callback-500') && times === 1) response.writeHead(500);
    if (path.includes('callback-given-up')) response.writeHead(410);
    response.end();
  });

  const env: NodeJS.ProcessEnv = {
    ...MARKED,
    PATH: `${folder('bin')}:${process.env.PATH}`,
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    MIN_FREE_MB: '0',
    CONCURRENCY: '3',
    BAKE_TIMEOUT_SECONDS: '20',
    LOG_LEVEL: 'trace',
    TEMP_DIR: disk.temp,
    CALLBACK_SECRET: `${MARKED.CALLBACK_SECRET},${OLD_SECRET}`,
    REDIS_URL: `redis://oven:${encodeURIComponent(MARKED.REDIS_URL!)}@127.0.0.1:${redisPort}`,
    ALERT_WEBHOOK_URL: `${receiver.url}/${MARKED.ALERT_WEBHOOK_URL}`,
    ALLOWED_CALLBACKS: receiver.url,
    ...Object.fromEntries(
      BUCKETS.flatMap(([bucket, prefix]) => [
        [`${prefix}_ENDPOINT`, front.endpoint.href],
        [`${prefix}_BUCKET`, bucket],
      ]),
    ),
  };
  const text: string[] = [];
  let service: ServiceProcess | undefined;
  const lines = () => text.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  /** The first line of the log that is so, when it is there. */
  const line = (what: string, isIt: (line: Line) => boolean) => until(what, () => lines().find(isIt), 60);

  const zipUrl = (name: string, bucket = 'art') =>
    new URL(`/${bucket}/${name}.zip?sig=${OF_CALLERS[2]}`, front.endpoint).href;
  return {
    ...{ root, disk, redis, admin, openRedis, front, receiver, text, lines, line, zipUrl },
    env,
    /** A tape without a fault. */
    good: await readFile(tape),
    /** The storage's own keys may no longer store the files of a tape; `undefined` lets them again. */
    forbid: async (slug: string | undefined) => {
      const [bucket, prefix, actions] = BUCKETS[2]!;
      await s3.allow(bucket, MARKED[`${prefix}_KEY`]!, actions, slug && `tapes/${slug}*`);
    },
    put: async (Key: string, Body: Buffer, Bucket = 'art') =>
      void (await s3.client.send(new PutObjectCommand({ Bucket, Key: `${Key}.zip`, Body }))),
    /** The body of POST /bake. */
    body: (slug: string, more: object = {}) => ({
      mongoId: `id-${slug}`,
      slug,
      zipUrl: zipUrl(slug),
      callbackUrl: `${receiver.url}/hook/${slug}?token=${OF_CALLERS[3]}`,
      callbackSecret: OLD_SECRET,
      ...more,
    }),
    start: async () => {
      service = startServiceProcess(env, (line) => void text.push(line));
      const { url, metrics } = await line('the service listens', ({ msg }) => msg === 'listening');
      return { pid: service.pid, url: String(url), metrics: String(metrics) };
    },
    end: () => service!.stop('SIGTERM'),
    stop: async () => {
      await service?.stop('SIGKILL');
      admin.disconnect();
      await Promise.all([receiver.close(), front.stop(), s3.stop(), redis.stop()]);
      if (mayMount) disk.unmount();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** An encoder that fails for the tapes of some names, some of them only `once` (a folder), and is the real one for all others. */
function faultyEncoder(once: string): string {
  const real = execFileSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim();
  return `#!/bin/sh
case "$*" in
  *tape-encoder-exits-*) echo 'the clue of the encoder: no space for context' >&2; exit 69 ;;
  *tape-encoder-killed-*) mkdir '${once}/killed' 2>/dev/null && kill -KILL $$ ;;
  *tape-encoder-stalls-*) mkdir '${once}/stalled' 2>/dev/null && sleep 600 ;;
  *tape-cancelled-*) sleep 600 ;;
esac
exec '${real}' "$@"
`;
}
