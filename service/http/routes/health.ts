import { createRoute } from '@hono/zod-openapi';
import type { Drain } from '../../drain.ts';
import { ownReasons, type Reason } from '../../health/probes.ts';
import type { App } from '../middleware.ts';
import { errors, health, json, workHealth } from '../responses.ts';

export interface HealthOptions {
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** A candidate has none. */
  readonly drain?: Pick<Drain, 'current'>;
  /** Finds the reasons why this service can't bake; none if it can. */
  readonly probe: () => Promise<readonly Reason[]>;
}

/** `GET /health`: whether this service can bake; `GET /health/host`: the same of what is this host's alone. */
export function healthRoutes(app: App, { release, startedAt, drain, probe }: HealthOptions): void {
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
      const draining = drain !== undefined && (await drain.current()).phase !== 'off';
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

/** `GET /health/work`: whether tapes are baked and callbacks delivered in time. `check` finds the reasons why not. */
export function workRoute(app: App, check: () => Promise<readonly Reason[]>): void {
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
    const reasons = await check();
    c.header('Cache-Control', 'no-store');
    if (reasons.length === 0) return c.json({ status: 'healthy' } as const, 200);
    return c.json({ status: 'unhealthy', reasons: [...reasons] } as const, 503);
  });
}
