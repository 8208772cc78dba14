import { createRoute } from '@hono/zod-openapi';
import { ownReasons, type Reason } from '../../health/probes.ts';
import { judgeWork, WORK_LIMITS, type WorkLimits } from '../../health/work.ts';
import { cached } from '../../lib/cached.ts';
import { waitAtMost } from '../../lib/deadline.ts';
import type { Counts, FinishedCounts } from '../../queue/status.ts';
import type { App } from '../middleware.ts';
import { errors, health, json, workHealth } from '../responses.ts';

export interface HealthOptions {
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly isDraining: () => boolean;
  /** Finds the reasons why this service can't bake; none if it can. */
  readonly probe: () => Promise<readonly Reason[]>;
}

/** `GET /health`: whether this service can bake; `GET /health/host`: the same of what is this host's alone. */
export function healthRoutes(app: App, { release, startedAt, isDraining, probe }: HealthOptions): void {
  const add = (
    path: '/health' | '/health/host',
    about: { readonly summary: string; readonly description?: string },
    select: (reasons: readonly Reason[]) => readonly Reason[],
  ) => {
    const route = createRoute({
      method: 'get',
      path,
      tags: ['Operation'],
      ...about,
      responses: {
        200: json(health, 'It can.'),
        503: json(health, 'It can not, with the reasons; or it takes no tapes (`draining`).'),
        ...errors(),
      },
    });
    app.openapi(route, async (c) => {
      const reasons = select(await probe());
      const draining = isDraining();
      const status = draining ? 'draining' : reasons.length > 0 ? 'unhealthy' : 'healthy';
      const uptimeSeconds = Math.max(0, Math.round((Date.now() - startedAt) / 1000));
      const told = reasons.length > 0 ? { reasons: reasons.map((reason) => ({ ...reason })) } : {};
      c.header('Cache-Control', 'no-store');
      return c.json({ status, release, uptimeSeconds, ...told } as const, status === 'healthy' ? 200 : 503);
    });
  };
  add('/health', { summary: 'Whether this service can bake' }, (reasons) => reasons);
  const description =
    'What a load balancer should ask: a fault of Redis or of a bucket, which all hosts share, does not count.';
  add('/health/host', { summary: 'Whether this host can bake', description }, ownReasons);
}

export interface WorkOptions {
  readonly queue: { counts(): Promise<Counts>; ended(seconds: number): Promise<FinishedCounts> };
  /** The fault for which tapes wait. */
  readonly fault?: () => Reason | undefined;
  readonly limits?: WorkLimits;
  /** Milliseconds for which an answer is used again. */
  readonly everyMs?: number;
}

/** `GET /health/work`: whether tapes are baked and callbacks delivered in time. */
export function workRoute(
  app: App,
  { queue, fault, limits = WORK_LIMITS, everyMs = 5000 }: WorkOptions,
): void {
  const checkWork = cached(everyMs, async (): Promise<Reason[]> => {
    try {
      const all = Promise.all([queue.counts(), queue.ended(limits.windowSeconds)]);
      const [counts, ended] = await waitAtMost(3000, all, () => {
        throw new Error('The queue did not answer within 3 s.');
      });
      const found = fault?.();
      const waiting = found ? [{ code: found.code, message: `Tapes wait: ${found.message}` }] : [];
      return [...waiting, ...judgeWork(counts, ended, limits)];
    } catch {
      return [{ code: 'REDIS', message: 'The queue can not be asked.' }];
    }
  });
  const route = createRoute({
    method: 'get',
    path: '/health/work',
    tags: ['Operation'],
    summary: 'Whether tapes get through',
    description:
      'What an alert should watch: 503 when tapes wait too long, too many fail, or callbacks stay undelivered.',
    responses: {
      200: json(workHealth, 'They do.'),
      503: json(workHealth, 'They do not, with the reasons.'),
      ...errors(),
    },
  });
  app.openapi(route, async (c) => {
    const reasons = await checkWork();
    c.header('Cache-Control', 'no-store');
    if (reasons.length === 0) return c.json({ status: 'healthy' } as const, 200);
    return c.json({ status: 'unhealthy', reasons } as const, 503);
  });
}
