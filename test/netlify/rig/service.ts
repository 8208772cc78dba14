import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../rig/port.ts';
import { startRedis } from '../../rig/redis.ts';
import { until } from '../../rig/until.ts';

const MAIN = join(import.meta.dirname, '../../../service/main.ts');

/** The real Oven in a process of its own, with a Redis and folders for storage. */
export interface OvenService {
  readonly url: string;
  /** URL below which its files are. */
  readonly files: string;
  /** The folder that they are in. */
  readonly folder: string;
  status(jobId: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Why the real Oven can't run here; undefined when it can. */
export function noOven(): string | undefined {
  const missing = ['ffmpeg', 'ffprobe', 'redis-server'].filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0,
  );
  return missing.length > 0 ? `${missing.join(' and ')} not installed (npm run setup)` : undefined;
}

export async function startOven(
  port: number,
  secret: string,
  sources: string[],
  callbacks: string,
  changes: Record<string, string> = {},
): Promise<OvenService> {
  const root = await mkdtemp(join(tmpdir(), 'oven-whole-'));
  for (const name of ['art', 'blobs', 'temp']) await mkdir(join(root, name));
  const redis = await startRedis();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(await freePort()),
    REDIS_URL: redis.url,
    TEMP_DIR: join(root, 'temp'),
    CONCURRENCY: '1',
    MIN_FREE_MB: '0',
    PUBLIC_URL: url,
    ART_SPACES_ENDPOINT: `file://${root}/art`,
    AT_BLOBS_SPACES_ENDPOINT: `file://${root}/blobs`,
    CALLBACK_SECRET: secret,
    ALLOWED_CALLBACKS: callbacks,
    ALLOWED_SOURCES: sources.join(','),
    LOG_LEVEL: 'warn',
    ...changes,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until('Oven is healthy', async () => (await fetch(`${url}/health`)).ok);
  return {
    url,
    files: `${url}/files`,
    folder: join(root, 'blobs'),
    status: async (jobId) =>
      (await (await fetch(`${url}/status/${jobId}`)).json()) as Record<string, unknown>,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await redis.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
