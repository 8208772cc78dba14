// A service with the real queue, workers and routes, and a stand-in for the encoder. It writes down every bake and every delivery.
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openSecrets } from '../../service/callback/secrets.ts';
import { OvenError } from '../../service/errors.ts';
import { emptyApp } from '../../service/http/app.ts';
import { listen } from '../../service/http/listen.ts';
import { openOperator } from '../../service/http/operator.ts';
import { adminRoutes } from '../../service/http/routes/admin.ts';
import { bakeRoutes } from '../../service/http/routes/bake.ts';
import { jobRoutes } from '../../service/http/routes/jobs.ts';
import { openLog } from '../../service/lib/log.ts';
import { openQueue } from '../../service/queue/queue.ts';
import { startWorkers } from '../../service/worker/workers.ts';

const { SECRET = '', REDIS = '', EVENTS = '', PORT = '0', BAKE_MS = '10' } = process.env;
const note = (event: object) => appendFileSync(EVENTS, `${JSON.stringify(event)}\n`);

const redis = { url: REDIS };
const queue = openQueue({ redis, maxQueued: 200 });
const secrets = openSecrets([SECRET]);
const log = openLog({ level: 'error', secrets: [SECRET] });
const app = emptyApp(log);
const common = {
  queue,
  maxQueued: 200,
  secrets,
  isSourceAllowed: () => ({ trusted: true }),
  isCallbackAllowed: () => ({ trusted: true }),
  drain: { current: async () => ({ scope: undefined, phase: 'off' as const }) },
  disk: { isShort: async () => false, space: async () => ({ free: 1, total: 1 }) } as never,
  outputName: 'slug' as const,
  publicUrl: 'http://localhost',
  log,
};
app.use(
  openOperator({ secrets, callbackSecrets: [SECRET], publicUrl: new URL('http://localhost') }).identify,
);
bakeRoutes(app, common);
jobRoutes(app, common);
adminRoutes(app, { queue });
await startWorkers({
  redis,
  concurrency: 2,
  lockMs: 1000,
  stalledCheckMs: 200,
  bake: async ({ slug, publish }, { jobId, signal }) => {
    note({ event: 'begin', slug, jobId, publish });
    await delay(Number(BAKE_MS), undefined, { signal });
    if (slug.startsWith('bad')) throw new OvenError('NOT_A_ZIP');
    note({ event: 'end', slug, jobId });
    return { width: 2, height: 2, duration: 1, bytes: 1, outputs: { mp4: 'https://b.test/tapes/a.mp4' } };
  },
  deliver: async ({ callbackId, jobId, request }) => {
    note({ event: 'delivered', slug: request.slug, jobId, callbackId });
    return 'delivered';
  },
});
const { url } = await listen(
  (request, env) => app.fetch(request, env as object),
  { host: '127.0.0.1', port: Number(PORT) },
  undefined,
);
process.stdout.write(`${url}\n`);
