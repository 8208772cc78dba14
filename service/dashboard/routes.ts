/** The dashboard's routes, its content security policy, and the files that its pages load. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { DiskSpace } from '../health/disk.ts';
import { type Reason, redisReason } from '../health/probes.ts';
import { isOperator, type Operator } from '../http/operator.ts';
import { cached } from '../lib/cached.ts';
import { JOB_ID } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { HostReport } from '../queue/hosts.ts';
import type { Queue } from '../queue/queue.ts';
import { redact } from '../queue/redact.ts';
import { renderQuestion } from './actions.ts';
import { openBroadcaster } from './broadcaster.ts';
import { sendEvents } from './events.ts';
import { renderJob, renderNoJob } from './job.ts';
import { loginFirst, loginRoutes } from './login.ts';
import { renderIcon } from './logo.ts';
import { markup } from './markup.ts';
import { type Frame, readFilter, renderFrame, renderPage, STYLES } from './page.ts';
import type { Sources } from './view.ts';

export interface DashboardOptions {
  readonly queue: Pick<Queue, 'recent' | 'counts' | 'status' | 'details' | 'checkWrite'>;
  readonly disk: () => Promise<DiskSpace>;
  /** The hosts that work on the queue, which operators see. */
  readonly hosts?: () => Promise<readonly HostReport[]>;
  /** The fault for which tapes wait. */
  readonly fault?: () => Reason | undefined;
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** The origins of thumbnails and videos; by default every https origin. */
  readonly media?: readonly string[];
  /** The operator's login; without it there is none. */
  readonly login?: { readonly operator: Operator; readonly log: Log };
  /** Whether only operators see pages and changes. */
  readonly isPrivate?: boolean;
  /** Its abort ends every stream of events, so that none delays the end of the service. */
  readonly signal?: AbortSignal;
  /** How many pages get live changes at once. Another page is a still one and tries again. */
  readonly maxClients?: number;
  /** How many of them one visitor may have. */
  readonly maxShare?: number;
  readonly pollMs?: number;
  readonly heartbeatMs?: number;
  readonly stuckMs?: number;
}

/** Milliseconds for which it is known whether Redis takes writes. */
const WRITE_MS = 2000;

/** What shows tapes. */
const PAGES = ['/', '/events', '/jobs/:id'] as const;

/**
 * The dashboard's routes: `GET /` all tapes, `GET /jobs/:id` one job, `GET /events` changes as server-sent events.
 *
 * @example
 * app.route('/', dashboard({ queue, disk, release: 'dev', startedAt: Date.now() }));
 */
export function dashboard(options: DashboardOptions): Hono {
  const { queue, release, startedAt, signal } = options;
  const redisFault = cached(WRITE_MS, () => redisReason(queue));
  const how = {
    maxSubscriptions: options.maxClients ?? 64,
    maxShare: options.maxShare ?? 16,
    pollMs: options.pollMs ?? 1000,
  };
  const forAll = openBroadcaster({ ...options, redisFault, queue: redacted(queue), hosts: undefined }, how);
  const forOperators = openBroadcaster({ ...options, redisFault }, how);
  const broadcasterFor = (c: Context) => (isOperator(c) ? forOperators : forAll);
  const close = () => {
    for (const broadcaster of [forAll, forOperators]) broadcaster.close();
  };
  if (signal?.aborted) close();
  signal?.addEventListener('abort', close, { once: true });
  const { hash, files } = loadAssets();
  const plain: Frame = { assets: `/dashboard/${hash}`, release, startedAt };
  const frameFor = (c: Context): Frame =>
    options.login ? { ...plain, visitor: isOperator(c) ? 'operator' : 'public' } : plain;
  const headers = pageHeaders(options.media ?? ['https:']);
  const app = new Hono();
  if (options.login) loginRoutes(app, { ...options.login, frame: plain, headers });
  if (options.isPrivate) for (const path of PAGES) app.use(path, headers, loginFirst(plain));

  app.get(PAGES[0], headers, async (c) => {
    const view = await broadcasterFor(c).view();
    c.header('Cache-Control', 'no-store');
    return c.html(renderPage(frameFor(c), view, readFilter(c.req.query())), view.isStale ? 503 : 200);
  });

  app.get(PAGES[1], headers, (c) =>
    sendEvents(c, broadcasterFor(c), {
      heartbeatMs: options.heartbeatMs ?? 15_000,
      stuckMs: options.stuckMs ?? 30_000,
    }),
  );

  app.get(PAGES[2], headers, async (c) => {
    const id = c.req.param('id');
    const [found, { headline, busy, trouble }] = await Promise.all([
      JOB_ID.test(id) ? queue.status(id).catch(() => 'unreachable' as const) : undefined,
      broadcasterFor(c).view(),
    ]);
    const forOperator = isOperator(c);
    const report = typeof found === 'object' && !forOperator ? redact(found) : found;
    c.header('Cache-Control', 'no-store');
    const page = { headline, busy, trouble };
    if (report === 'unreachable')
      return c.html(renderPage(frameFor(c), await broadcasterFor(c).view(), readFilter({})), 503);
    if (report === undefined)
      return c.html(
        renderFrame(frameFor(c), { ...page, title: 'No such job · Oven', main: renderNoJob() }),
        404,
      );
    const details = forOperator ? await queue.details(id).catch(() => undefined) : undefined;
    const main = markup`${renderJob(report, Date.now(), forOperator, details)}${forOperator && renderQuestion()}`;
    return c.html(renderFrame(frameFor(c), { ...page, title: `${report.slug} · Oven`, main }));
  });

  app.get('/dashboard/:hash/:name', headers, (c) => {
    const file = files.get(c.req.param('name'));
    if (file === undefined) return c.notFound();
    // A page of the previous release asks with its own hash: it gets today's file and must not cache it.
    const isCurrent = c.req.param('hash') === hash;
    return c.body(file.body, 200, {
      'Content-Type': file.type,
      'Cache-Control': isCurrent ? 'public, max-age=31536000, immutable' : 'no-store',
    });
  });

  return app;
}

/** The queue as everyone may see it. */
function redacted(queue: Sources['queue']): Sources['queue'] {
  return { counts: queue.counts, recent: async (...how) => (await queue.recent(...how)).map(redact) };
}

interface Asset {
  readonly body: string;
  readonly type: string;
}

const BROWSER_FILES = new URL('browser/', import.meta.url);
const SCRIPTS = ['actions', 'dashboard', 'filter', 'live', 'morph', 'times'];

/** The page's files by name, and a hash of all of them for their URLs, so that browsers may cache them for ever. */
function loadAssets(): { readonly hash: string; readonly files: ReadonlyMap<string, Asset> } {
  const files = new Map<string, Asset>([
    ['icon.svg', { body: renderIcon().toString(), type: 'image/svg+xml' }],
    ...STYLES.map((name) => readAsset(`${name}.css`, 'text/css')),
    ...SCRIPTS.map((name) => readAsset(`${name}.js`, 'text/javascript')),
  ]);
  const hash = createHash('sha256');
  for (const [name, { body }] of files) hash.update(`${name}\0${body}\0`);
  return { hash: hash.digest('hex').slice(0, 12), files };
}

function readAsset(name: string, type: string): [string, Asset] {
  return [name, { body: readFileSync(new URL(name, BROWSER_FILES), 'utf8'), type: `${type}; charset=utf-8` }];
}

/**
 * Headers that allow a page its own scripts and styles only, no frames, pictures and videos from itself and `media`
 * (origins, or schemes such as `https:`), and pictures in the page itself.
 */
function pageHeaders(media: readonly string[]): MiddlewareHandler {
  const loaded = ["'self'", ...media];
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: [...loaded, 'data:'], // the pictures of ThumbHashes
      mediaSrc: loaded,
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false, // the proxy that ends TLS sets it
    xFrameOptions: 'DENY',
    referrerPolicy: 'same-origin', // without a referrer, older browsers name no origin with a form
  });
}
