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
  const answer = (reasons: readonly Reason[]) => {
    const draining = isDraining();
    const status = draining ? 'draining' : reasons.length > 0 ? 'unhealthy' : 'healthy';
    const uptimeSeconds = Math.max(0, Math.round((Date.now() - startedAt) / 1000));
    const told = reasons.length > 0 ? { reasons: reasons.map((reason) => ({ ...reason })) } : {};
    return { status, release, uptimeSeconds, ...told } as const;
  };
  const responses = {
    200: json(health, 'It can.'),
    503: json(health, 'It can not, with the reasons; or it takes no tapes (`draining`).'),
    ...errors(),
  };
  const whole = createRoute({
    method: 'get',
    path: '/health',
    tags: ['Operation'],
    summary: 'Whether this service can bake',
    responses,
  });
  const host = createRoute({
    method: 'get',
    path: '/health/host',
    tags: ['Operation'],
    summary: 'Whether this host can bake',
    description:
      'What a load balancer should ask: a fault of Redis or of a bucket, which all hosts share, does not count.',
    responses,
  });
  app.openapi(whole, async (c) => {
    const body = answer(await probe());
    c.header('Cache-Control', 'no-store');
    return c.json(body, body.status === 'healthy' ? 200 : 503);
  });
  app.openapi(host, async (c) => {
    const body = answer(ownReasons(await probe()));
    c.header('Cache-Control', 'no-store');
    return c.json(body, body.status === 'healthy' ? 200 : 503);
  });
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
