import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecaError, execa } from 'execa';
import { Redis } from 'ioredis';
import { memoryFolder } from './memory-folder.ts';
import { until } from './until.ts';

/** A Redis of a test's own, on a unix socket, that keeps every write on the disk as a host's does. */
export interface RedisRig {
  /** For the service's REDIS_URL. */
  readonly url: string;
  readonly socket: string;
  /** Sends one command as the administrator. */
  admin(...command: readonly [string, ...string[]]): Promise<unknown>;
  /** kill -9: what was acknowledged must be there after `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts redis-server. Nothing listens on the network, unless `more` arguments say so. */
export async function startRedis(more: readonly string[] = []): Promise<RedisRig> {
  const folder = await mkdtemp(join(memoryFolder, 'oven-redis-'));
  const socket = join(folder, 'redis.sock');
  const args = [
    ...['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--daemonize', 'no'],
    ...['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
    ...more,
  ];
  let server: ReturnType<typeof run> | undefined;
  const run = () => execa('redis-server', args, { stdin: 'ignore', forceKillAfterDelay: 2000 });
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    server?.kill(signal);
    await server?.catch((error: ExecaError) => error);
    server = undefined;
  };
  const start = async () => {
    server = run();
    server.catch(() => {}); // how it ends is for the test to notice
    await until('Redis answers', () => answers(socket));
  };
  await start();
  return {
    url: `unix://${socket}`,
    socket,
    admin: async (...command) => {
      const client = new Redis({ path: socket });
      try {
        return await client.call(...command);
      } finally {
        client.disconnect();
      }
    },
    kill: () => end('SIGKILL'),
    start,
    stop: async () => {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(socket: string): Promise<boolean> {
  const client = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
}
