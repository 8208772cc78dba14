import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ExecaError, execa } from 'execa';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../service/node-flags.ts';
import { startRedis } from '../../test/rig/redis.ts';
import { until } from '../../test/rig/until.ts';

/** A whole Oven on this machine: the service in its own process, a private Redis, folders as buckets. */
export interface Oven {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** The last lines of its log. */
  readonly log: () => string;
  /** Ends everything and removes all files but the videos. */
  stop(): Promise<void>;
}

export interface OvenOptions {
  readonly callbackSecret: string;
  /** The origin of tapes and callbacks. */
  readonly site: string;
  /** Folder for the videos. Without it, `stop` removes the videos too. */
  readonly videos?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the repository whose service is started; this one by default. */
  readonly checkout?: string;
}

const OWN_CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const LOG_LINES = 40;
/** The service gives running bakes 5 s, and its connections a few more. */
const STOP_MS = 15_000;

/** Starts Oven; resolves when it is healthy. After an error no process is left. */
export async function startOven(options: OvenOptions): Promise<Oven> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-'));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  try {
    const redis = await startRedis();
    ends.push(() => redis.stop());
    const videos = options.videos ?? join(folder, 'blobs');
    for (const path of [join(folder, 'art'), join(folder, 'work'), videos])
      await mkdir(path, { recursive: true });
    const main = join(options.checkout ?? OWN_CHECKOUT, 'service/main.ts');
    const service = execa(process.execPath, [...NODE_FLAGS, main], {
      env: environment(options, redis.url, folder, videos),
      extendEnv: false,
      stdin: 'ignore',
      all: true,
      buffer: false,
      forceKillAfterDelay: STOP_MS,
    });
    let ended: string | undefined;
    const end = service.then(
      () => 'it ended',
      (error: ExecaError) => error.shortMessage,
    );
    end.then((reason) => {
      ended = reason;
    });
    ends.push(async () => {
      service.kill('SIGTERM');
      await end;
    });
    const lines: string[] = [];
    const address = Promise.withResolvers<string>();
    (async () => {
      for await (const line of service.iterable({ from: 'all' })) {
        lines.push(line);
        if (lines.length > LOG_LINES) lines.shift();
        const url = listeningAt(line);
        if (url) address.resolve(url);
      }
    })().catch(() => {}); // `end` reports the end of the service
    const url = await Promise.race([
      address.promise,
      end.then((reason) =>
        Promise.reject(new Error(`The service did not start: ${reason}\n${lines.join('\n')}`)),
      ),
    ]);
    await until('the service is healthy', async () => {
      return ended !== undefined || (await fetch(`${url}/health`)).status === 200;
    });
    if (ended !== undefined) throw new Error(`The service ended: ${ended}\n${lines.join('\n')}`);
    return { url, pid: service.pid!, log: () => lines.join('\n'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function environment(
  { callbackSecret, site, env }: OvenOptions,
  redisUrl: string,
  folder: string,
  videos: string,
): Record<string, string> {
  return {
    ...NODE_ENVIRONMENT,
    PATH: process.env.PATH ?? '',
    TMPDIR: process.env.TMPDIR ?? tmpdir(),
    ART_SPACES_ENDPOINT: pathToFileURL(join(folder, 'art')).href,
    AT_BLOBS_SPACES_ENDPOINT: pathToFileURL(videos).href,
    CALLBACK_SECRET: callbackSecret,
    ALLOWED_SOURCES: site,
    ALLOWED_CALLBACKS: site,
    REDIS_URL: redisUrl,
    TEMP_DIR: join(folder, 'work'),
    PORT: '0', // the system chooses
    METRICS_PORT: '0',
    MIN_FREE_MB: '100',
    ...env,
  };
}

/** The address in the log line "listening". */
function listeningAt(line: string): string | undefined {
  try {
    const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
    return msg === 'listening' && typeof url === 'string' ? url : undefined;
  } catch {
    return undefined;
  }
}
