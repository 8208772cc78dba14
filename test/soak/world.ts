import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Call, readCall } from '../crash/outside.ts';
import { freePort } from '../rig/port.ts';
import { startRedis } from '../rig/redis.ts';
import { startS3 } from '../rig/s3.ts';
import { type Fate, startFront } from '../storage/front.ts';
import { smallDisk } from './disk.ts';
import type { Neighbour, State } from './plan.ts';
import { startSwitchable } from './servers.ts';
import { type Supervisor, supervise } from './supervisor.ts';

export const SECRET = 'the secret of the soak';

type Switch = () => Promise<unknown> | unknown;

/** The service with real neighbours, each of which can be taken away. */
export interface World {
  readonly url: string;
  readonly service: Supervisor;
  /** Tapes that the source serves, by the last part of their path; a slug before it tells them apart. */
  readonly tapes: Map<string, Buffer>;
  readonly sourceUrl: string;
  readonly receiverUrl: string;
  /** Callbacks that were answered with 200, in order, and requests that should not have come. */
  readonly calls: readonly Call[];
  readonly faults: readonly string[];
  readonly temp: string;
  begin(neighbour: Neighbour, state: State): Promise<void>;
  end(neighbour: Neighbour): Promise<void>;
  kill(victim: 'service' | 'redis' | 'both'): Promise<void>;
  /** Keys of stored files, and of uploads that were never finished. */
  stored(): Promise<{ readonly keys: readonly string[]; readonly unfinished: readonly string[] }>;
  stop(): Promise<void>;
}

export async function startWorld(onLog: (line: string) => void): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'oven-soak-'));
  const disk = smallDisk(join(root, 'disk'));
  await mkdir(join(root, 'disk'));
  await mkdir(join(root, 'art'));
  disk.mount();
  await mkdir(disk.temp);
  const redis = await startRedis();
  const s3 = await startS3();
  await s3.make('blobs', 'public');
  const front = await startFront(s3.endpoint);
  const [calls, faults]: [Call[], string[]] = [[], []];
  const tapes: World['tapes'] = new Map();

  const give = (request: IncomingMessage, response: ServerResponse) => {
    const tape = tapes.get(request.url!.split('/').at(-1)!);
    response.writeHead(tape ? 200 : 404, { 'content-length': tape?.length ?? 0 }).end(tape);
  };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/progress') return void request.resume().on('end', () => response.end());
    const call = await readCall(request, SECRET).catch((error: Error) => void faults.push(error.message));
    if (call === undefined || response.destroyed) return;
    calls.push(call);
    response.end();
  };
  const source = await startSwitchable(give);
  const receiver = await startSwitchable(take);

  const port = await freePort();
  const service = supervise(
    {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: `${port}`,
      METRICS_PORT: '0',
      MIN_FREE_MB: '1',
      MAX_QUEUED: '5000',
      CONCURRENCY: '2',
      REDIS_URL: redis.url,
      TEMP_DIR: disk.temp,
      CALLBACK_SECRET: SECRET,
      ART_SPACES_ENDPOINT: `file://${join(root, 'art')}`,
      AT_BLOBS_SPACES_ENDPOINT: front.endpoint.href,
      AT_BLOBS_SPACES_BUCKET: 'blobs',
      AT_BLOBS_SPACES_KEY: s3.key,
      AT_BLOBS_SPACES_SECRET: s3.secret,
      ALLOWED_SOURCES: source.url,
      ALLOWED_CALLBACKS: receiver.url,
      LOG_LEVEL: 'info',
    },
    onLog,
  );

  const admin = async (...command: [string, ...string[]]) => {
    const client = new Redis({ path: redis.socket });
    try {
      await client.call(...command);
    } finally {
      client.disconnect();
    }
  };
  const answerWrites = (fate: Fate) => () => {
    front.rule = ({ method }) => (method === 'GET' || method === 'HEAD' ? 'pass' : fate);
  };
  /** How each outage begins and ends. Redis forgets what it was told when it is killed. */
  const outages: Readonly<Record<Neighbour, Partial<Record<State | 'up', Switch>>>> = {
    redis: {
      down: redis.kill,
      full: () => admin('CONFIG', 'SET', 'maxmemory', '1'),
      readOnly: () => admin('REPLICAOF', '127.0.0.1', '1'),
      up: async () => {
        if (isDown()) return redis.start();
        await admin('CONFIG', 'SET', 'maxmemory', '0');
        await admin('REPLICAOF', 'NO', 'ONE');
      },
    },
    storage: {
      down: () => {
        front.rule = () => 'drop';
      },
      full: answerWrites(507),
      readOnly: answerWrites(403),
      up: () => {
        front.rule = () => 'pass';
      },
    },
    disk: {
      down: disk.take,
      full: disk.fill,
      readOnly: disk.makeReadOnly,
      up: () =>
        ({ down: disk.giveBack, full: disk.empty, readOnly: disk.makeWritable })[current.get('disk')!](),
    },
    source: { down: () => source.set('down'), full: () => source.set('full'), up: () => source.set('up') },
    receiver: {
      down: () => receiver.set('down'),
      full: () => receiver.set('full'),
      up: () => receiver.set('up'),
    },
  };
  const current = new Map<Neighbour, State>();
  const isDown = () => current.get('redis') === 'down';
  const apply = async (neighbour: Neighbour) => {
    const state = current.get(neighbour);
    if (state) await outages[neighbour][state]?.();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    ...{ service, tapes, calls, faults, temp: disk.temp, sourceUrl: source.url, receiverUrl: receiver.url },
    begin: async (neighbour, state) => {
      current.set(neighbour, state);
      await apply(neighbour);
    },
    end: async (neighbour) => {
      await outages[neighbour].up?.();
      current.delete(neighbour);
    },
    kill: async (victim) => {
      const killsRedis = victim !== 'service' && !isDown();
      if (victim !== 'redis') await service.stop('SIGKILL');
      if (!killsRedis) return;
      await redis.kill();
      await redis.start();
      await apply('redis');
    },
    stored: async () => ({ keys: await s3.keys('blobs'), unfinished: await s3.unfinished('blobs') }),
    stop: async () => {
      await service.end();
      await source.set('down');
      await receiver.set('down');
      await front.stop();
      await s3.stop();
      await redis.stop();
      disk.unmount();
      await rm(root, { recursive: true, force: true });
    },
  };
}
