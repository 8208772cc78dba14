import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, secretsOf } from '../../service/config/config.ts';
import { openLog } from '../../service/lib/log.ts';
import { type Service, type StartOptions, startService } from '../../service/service.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';

/** Has a character that a header can hold only as bytes. */
export const SECRET = 'open sesame: käse';
export const OLD_SECRET = 'the-secret-before';
export const BEARER = { authorization: `Bearer ${OLD_SECRET}` };

/** What a test service needs: folders, a real Redis, a receiver of callbacks and a source that never answers. */
export interface Backends {
  readonly root: string;
  readonly redis: RedisRig;
  readonly env: NodeJS.ProcessEnv;
  /** The callbacks and progress reports that the receiver got. */
  readonly calls: {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: string;
  }[];
  /** The status that the receiver answers. */
  receive: (path: string) => number;
  /** Whether the source of `stalled` tapes does not answer. */
  isStalling: boolean;
  /** A body of POST /bake for a tape that exists. */
  body(slug: string, more?: object): Record<string, unknown>;
  /** A body of POST /bake for a tape whose source does not answer while `isStalling`. */
  stalled(slug: string, more?: object): Record<string, unknown>;
  close(): Promise<void>;
}

/** A whole service in this process, on a port that the system chooses. */
export interface TestService extends Backends {
  readonly url: string;
  readonly log: string[];
  readonly service: Service;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  bake(body: object): Promise<{ status: number; jobId: string }>;
  /** The report of a job after its end. */
  ended(jobId: string): Promise<Record<string, unknown>>;
}

export async function startBackends(more: NodeJS.ProcessEnv = {}): Promise<Backends> {
  const root = await mkdtemp(join(tmpdir(), 'oven-http-'));
  for (const name of ['art', 'blobs', 'temp']) await mkdir(join(root, name));
  const tape = join(root, 'tape.zip');
  await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 0.3, sound: true });
  for (const slug of ['a', 'b', 'c', 'd']) await copyFile(tape, join(root, 'art', `${slug}.zip`));
  const redis = await startRedis();
  const calls: Backends['calls'] = [];
  const receiver = await serve((request) => {
    if (request.url?.startsWith('/stall')) {
      return backends.isStalling ? undefined : readFile(tape).then((bytes) => ({ status: 200, bytes }));
    }
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    return new Promise((resolve) => {
      request.on('end', () => {
        calls.push({ path: request.url ?? '', headers: request.headers, body });
        resolve({ status: backends.receive(request.url ?? '') });
      });
    });
  });
  const body: Backends['body'] = (slug, fields = {}) => ({
    mongoId: `id-${slug}`,
    slug,
    zipUrl: `file://${root}/art/${slug}.zip`,
    callbackUrl: `${receiver.url}/hook?token=in-the-query`,
    callbackSecret: SECRET,
    ...fields,
  });
  const backends: Backends = {
    root,
    redis,
    calls,
    body,
    receive: () => 200,
    isStalling: true,
    stalled: (slug, fields) => body(slug, { zipUrl: `${receiver.url}/stall/${slug}.zip`, ...fields }),
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      METRICS_PORT: '0',
      MIN_FREE_MB: '0',
      REDIS_URL: redis.url,
      TEMP_DIR: join(root, 'temp'),
      CONCURRENCY: '1',
      LOG_LEVEL: 'trace',
      ART_SPACES_ENDPOINT: `file://${root}/art`,
      AT_BLOBS_SPACES_ENDPOINT: `file://${root}/blobs`,
      CALLBACK_SECRET: `${SECRET},${OLD_SECRET}`,
      ALLOWED_CALLBACKS: receiver.url,
      ALLOWED_SOURCES: `file://${root}/art,${receiver.url}/stall`,
      ...more,
    },
    close: async () => {
      receiver.server.closeAllConnections();
      receiver.server.close();
      await redis.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
  return backends;
}

export async function startTestService(
  more: NodeJS.ProcessEnv = {},
  how: Partial<StartOptions> = {},
): Promise<TestService> {
  const backends = await startBackends(more);
  const closePantry = backends.close;
  const config = readConfig(backends.env);
  const log: string[] = [];
  const stream = { write: (line: string) => void log.push(line) };
  const options = { level: config.logLevel, secrets: secretsOf(config), stream };
  const service = await startService(config, { candidate: false, log: openLog(options), ...how });
  const { url } = service;
  const send: TestService['fetch'] = (path, init) => fetch(url + path, init);
  const post: TestService['post'] = (path, body, headers = {}) => {
    const json = { 'content-type': 'application/json', ...headers };
    return send(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  };
  return Object.assign(backends, {
    url,
    log,
    service,
    fetch: send,
    post,
    bake: async (body: object) => {
      const response = await post('/bake', body);
      return { ...((await response.json()) as { jobId: string }), status: response.status };
    },
    ended: (jobId: string) =>
      until(`${jobId} has ended`, async () => {
        const report = (await (await send(`/status/${jobId}`)).json()) as Record<string, unknown>;
        return ['done', 'failed'].includes(String(report.status)) && report;
      }),
    close: async () => {
      await service.close();
      await closePantry();
    },
  });
}

interface Reply {
  readonly status: number;
  readonly bytes?: Buffer;
}

async function serve(answer: (request: IncomingMessage) => Promise<Reply> | undefined) {
  const server: Server = createServer((request, response) => {
    void answer(request)?.then(({ status, bytes }) => response.writeHead(status).end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
