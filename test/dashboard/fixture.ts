import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { type DashboardOptions, dashboard } from '../../service/dashboard/routes.ts';
import { type FailureCode, OvenError } from '../../service/errors.ts';
import { openQueue, type Queue } from '../../service/queue/queue.ts';
import type { BakeResult, StageProgress } from '../../service/schemas/outcome.ts';
import type { BakeRequest } from '../../service/schemas/request.ts';
import type { DeliveryAnswer } from '../../service/worker/callback-processor.ts';
import { startWorkers } from '../../service/worker/workers.ts';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

/** A running bake that the test ends. */
export interface HeldBake {
  readonly slug: string;
  readonly tell: (progress: StageProgress) => void;
  readonly finish: (result?: Partial<BakeResult>) => void;
  readonly fail: (error: { code: FailureCode; message: string }) => void;
}

export interface DashboardFixture {
  /** The dashboard's, without a slash at the end. */
  readonly url: string;
  readonly queue: Queue;
  readonly redis: RedisRig;
  /** Submits a tape. Gives its job's id. */
  submit(slug: string, more?: Partial<BakeRequest>): Promise<string>;
  /** Waits until the bake of a slug has begun. */
  held(slug: string): Promise<HeldBake>;
  /** Submits a tape and ends its bake well. Gives its job's id. */
  bakeWhole(slug: string, result?: Partial<BakeResult>): Promise<string>;
  /** The receiver's answers by slug; without an entry the callback is delivered. */
  readonly answers: Map<string, DeliveryAnswer>;
  /** The paths of all requests. */
  readonly requests: string[];
  close(): Promise<void>;
}

export interface DashboardFixtureOptions extends Partial<Omit<DashboardOptions, 'queue'>> {
  readonly concurrency?: number;
  /** Files served under /files/, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A dashboard over a real Redis and real workers. The test ends the bakes. */
export async function openDashboardFixture({
  concurrency = 2,
  files = {},
  ...options
}: DashboardFixtureOptions = {}): Promise<DashboardFixture> {
  const redis = await startRedis();
  const address = { path: redis.socket };
  const queue = openQueue({ redis: address, maxQueued: 200, attempts: 1 });
  const bakes = new Map<string, HeldBake>();
  const answers = new Map<string, DeliveryAnswer>();
  const requests: string[] = [];
  const workers = await startWorkers({
    redis: address,
    concurrency,
    graceMs: 100,
    bake: (request, { signal, onProgress }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
        bakes.set(request.slug, {
          slug: request.slug,
          tell: onProgress,
          finish: (result) => resolve({ ...resultOf(request.slug), ...result }),
          fail: ({ code, message }) => reject(new OvenError(code, message)),
        });
      }),
    deliver: async ({ request }) => answers.get(request.slug) ?? 'delivered',
  });
  const shutdown = new AbortController();
  const app = new Hono();
  app.use(async (c, next) => {
    requests.push(c.req.path);
    await next();
  });
  app.get('/files/:name', async (c) => {
    const file = files[basename(c.req.param('name'))];
    if (file === undefined) return c.notFound();
    const type = file.endsWith('.mp4') ? 'video/mp4' : 'image/jpeg';
    return c.body(await readFile(file), 200, { 'Content-Type': type, 'Accept-Ranges': 'none' });
  });
  app.route(
    '/',
    dashboard({
      queue,
      disk: async () => ({ freeBytes: 31.4e9, totalBytes: 50e9 }),
      release: 'a1b2c3d4e5f6',
      startedAt: Date.now() - 7_380_000,
      pollMs: 50,
      signal: shutdown.signal,
      media: [],
      ...options,
    }),
  );
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const fixture: DashboardFixture = {
    url: `http://127.0.0.1:${port}`,
    queue,
    redis,
    answers,
    requests,
    submit: async (slug, more = {}) => (await queue.submit({ ...requestOf(slug), ...more })).jobId,
    held: (slug) => until(`the bake of ${slug} begins`, () => bakes.get(slug)),
    bakeWhole: async (slug, result) => {
      const jobId = await fixture.submit(slug);
      (await fixture.held(slug)).finish(result);
      await until(`${slug} is done`, async () => (await queue.status(jobId))?.status === 'done');
      return jobId;
    },
    close: async () => {
      shutdown.abort();
      await workers.close(0);
      await queue.close();
      await new Promise((resolve) => server.close(resolve));
      await redis.stop();
    },
  };
  return fixture;
}

/** A request whose secret fields all contain `hush`, for tests to look for. */
export function requestOf(slug: string): BakeRequest {
  return {
    mongoId: `mongo-hush-${slug}`,
    slug,
    zipUrl: `https://user.test/auth0%7Chush/${slug}.zip?sig=hush`,
    callbackUrl: 'https://site.test/api/hush-done?token=hush',
    progressUrl: 'https://site.test/api/hush-progress?token=hush',
    metadata: { note: 'hush' },
    code: 'hush',
    outputs: [{ kind: 'mp4' }, { kind: 'thumbnail' }],
    secretFingerprint: 'hush',
  };
}

/** The default result of a bake. */
export function resultOf(slug: string): BakeResult {
  const outputs = { mp4: `/files/${slug}.mp4`, thumbnail: `/files/${slug}.jpg` };
  return {
    width: 674,
    height: 352,
    duration: 8.02,
    bytes: 1_234_567,
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([kind, path]) => [kind, `https://blobs.test${path}`]),
    ),
    timings: { open: 0.031, mp4: 1.42, total: 1.6 },
  };
}

/** A folder that `close` removes. */
export async function openFolder(): Promise<{ path: string; close: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'oven-dashboard-'));
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}
