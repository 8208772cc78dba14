import { Hono, type MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Queue } from '../queue/queue.ts';
import { loadAssets } from './assets.ts';
import { openBroadcaster } from './broadcaster.ts';
import { sendEvents } from './events.ts';
import { renderJob, renderNoJob } from './view/job.ts';
import { type DiskSpace, readFilter, renderFrame, renderPage } from './view/page.ts';

export interface DashboardOptions {
  readonly queue: Pick<Queue, 'recent' | 'counts' | 'status'>;
  readonly disk: () => Promise<DiskSpace>;
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
  const watch = openBroadcaster(options, {
    maxSubscriptions: options.maxClients ?? 64,
    pollMs: options.pollMs ?? 1000,
  });
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

/** An id as service/queue/job.ts makes it. */
function isJobId(text: string): boolean {
  return /^[0-9a-f]{32}(-[1-9]\d{0,8})?$/.test(text);
}

/**
 * The headers of a page that runs no script, style or frame but its own, and loads pictures and videos from `media`
 * (origins, or schemes as `https:`) beside itself.
 */
export function pageHeaders(media: readonly string[]): MiddlewareHandler {
  const loaded = ["'self'", ...media];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      ...{
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: loaded,
        mediaSrc: loaded,
      },
      ...{ baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: false, // for whoever ends TLS to say
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
  });
}
