import { Hono } from 'hono';
import type { Queue } from '../queue/bakes.ts';
import { loadAssets } from './assets.ts';
import { sendEvents } from './events.ts';
import { pageHeaders } from './headers.ts';
import type { Disk } from './view/figures.ts';
import { readFilter } from './view/filter.ts';
import { renderFrame } from './view/frame.ts';
import { renderJob, renderNoJob } from './view/job.ts';
import { renderPage } from './view/page.ts';
import { openWatch } from './watch.ts';

export interface DashboardOptions {
  readonly queue: Pick<Queue, 'recent' | 'counts' | 'status'>;
  readonly disk: () => Promise<Disk>;
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** Origins that thumbnails and videos are on; without, any that speaks https. */
  readonly media?: readonly string[];
  /** When aborted, every stream of events ends, lest it holds up the end of the service. */
  readonly signal?: AbortSignal;
  /** How many may look on at once; another page shows what is, and tries again. */
  readonly maxClients?: number;
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
  readonly stuckMs?: number;
}

/**
 * The pages for people: `GET /` all of it, `GET /jobs/:id` one job, `GET /events` what changes, as server-sent events.
 *
 * @example
 * app.route('/', dashboard({ queue, disk, release: 'dev', startedAt: Date.now() }));
 */
export function dashboard(options: DashboardOptions): Hono {
  const { queue, release, startedAt, signal } = options;
  const watch = openWatch(options, { maxFeeds: options.maxClients ?? 64, pollMs: options.pollMs ?? 1000 });
  if (signal?.aborted) watch.close();
  signal?.addEventListener('abort', () => watch.close(), { once: true });
  const { hash, files } = loadAssets();
  const frame = { assets: `/dashboard/${hash}`, release, startedAt };
  const headers = pageHeaders(options.media ?? ['https:']);
  const app = new Hono();

  app.get('/', headers, async (c) => {
    const view = await watch.view();
    c.header('Cache-Control', 'no-store');
    return c.html(renderPage(frame, view, readFilter(c.req.query())), view.trouble ? 503 : 200);
  });

  app.get('/events', headers, (c) =>
    sendEvents(c, watch, {
      heartbeatMs: options.heartbeatMs ?? 15_000,
      stuckMs: options.stuckMs ?? 30_000,
    }),
  );

  app.get('/jobs/:id', headers, async (c) => {
    const id = c.req.param('id');
    const [report, { headline, busy, trouble }] = await Promise.all([
      isJobId(id) ? queue.status(id).catch(() => 'unreachable' as const) : undefined,
      watch.view(),
    ]);
    c.header('Cache-Control', 'no-store');
    const page = { headline, busy, trouble };
    if (report === 'unreachable') return c.html(renderPage(frame, await watch.view(), readFilter({})), 503);
    if (report === undefined)
      return c.html(renderFrame(frame, { ...page, title: 'No such job · Oven', main: renderNoJob() }), 404);
    const main = renderJob(report, Date.now());
    return c.html(renderFrame(frame, { ...page, title: `${report.slug} · Oven`, main }));
  });

  app.get('/dashboard/:hash/:name', headers, (c) => {
    const file = files.get(c.req.param('name'));
    if (file === undefined) return c.notFound();
    // A page of the release before asks with its own hash: it gets what there is, and must not keep it.
    const kept = c.req.param('hash') === hash;
    return c.body(file.body, 200, {
      'Content-Type': file.type,
      'Cache-Control': kept ? 'public, max-age=31536000, immutable' : 'no-store',
    });
  });

  return app;
}

/** An id as service/queue/identity.ts makes it. */
function isJobId(text: string): boolean {
  return /^[0-9a-f]{32}(-[1-9]\d{0,8})?$/.test(text);
}
