import { createRoute, z } from '@hono/zod-openapi';
import type { Drain, DrainScope } from '../../drain.ts';
import type { Log } from '../../lib/log.ts';
import type { Queue } from '../../queue/queue.ts';
import type { App } from '../middleware.ts';
import { operatorOnly } from '../operator.ts';
import { drained, errors, json } from '../responses.ts';

export interface DrainRouteOptions {
  readonly queue: Queue;
  readonly drain: Drain;
  /** Jobs that run on this host. */
  readonly active: () => { readonly bakes: number; readonly callbacks: number };
  /** How many hosts work on the queue. */
  readonly nodes: number;
  /** The name of this one. */
  readonly nodeName: string;
  readonly log: Log;
}

const scope = z
  .enum(['host', 'all'])
  .default('host')
  .openapi({ description: '`all`: every host of the queue, until it is empty.' });

/** `POST /drain`, which may be repeated to see what is left, and `DELETE /drain`, which ends it. */
export function drainRoutes(app: App, options: DrainRouteOptions): void {
  const { drain, log } = options;
  const middleware = operatorOnly;
  const ok = { 200: json(drained, 'What is left to do.') };
  const start = createRoute({
    method: 'post',
    path: '/drain',
    operationId: 'startDrain',
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary: 'Take no more tapes',
    description: `From then on /health and /health/host say \`draining\`, and tapes are refused (503 \`DRAINING\`). A restart does not end it. Repeat the request until \`idle\`.
A single host bakes and delivers what it took. One of several hosts takes tapes for 35 s more, until a load balancer has noticed, and begins no job: the other hosts go on. With \`scope=all\` no host
takes tapes, and all bake and deliver what is left; that ends an hour after the last request.`,
    middleware,
    request: { query: z.object({ scope }) },
    responses: {
      ...ok,
      ...errors('INVALID_REQUEST', 'UNAUTHORIZED', 'BODY_TOO_LARGE', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(start, async (c) => {
    const { scope } = c.req.valid('query');
    const before = await drain.current();
    await drain.begin(scope);
    if (before.scope !== scope) log.info({ requestId: c.get('requestId'), scope }, 'draining');
    return c.json(await remainingWork(options, scope), 200);
  });

  const end = createRoute({
    method: 'delete',
    path: '/drain',
    operationId: 'endDrain',
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary: 'Take tapes again',
    description: 'Ends the drain of this host, and that of all.',
    middleware,
    responses: { ...ok, ...errors('UNAUTHORIZED', 'BODY_TOO_LARGE', 'QUEUE_UNREACHABLE') },
  });
  app.openapi(end, async (c) => {
    const before = await drain.current();
    await drain.end();
    if (before.phase !== 'off') log.info({ requestId: c.get('requestId') }, 'draining ended');
    return c.json(await remainingWork(options, 'host'), 200);
  });
}

async function remainingWork(options: DrainRouteOptions, scope: DrainScope) {
  const { queue, drain, nodes, nodeName } = options;
  const { waiting, active, retrying, callbacks: all } = await queue.counts();
  const { phase } = await drain.current();
  const draining = phase !== 'off';
  const own = options.active();
  const isHost = scope === 'host' && nodes > 1;
  const bakes = { waiting, active: isHost ? own.bakes : active, retrying };
  const callbacks = {
    waiting: all.waiting,
    active: isHost ? own.callbacks : all.active,
    retrying: all.retrying,
  };
  const left = isHost
    ? own.bakes + own.callbacks + (phase === 'leaving' ? 1 : 0)
    : [bakes, callbacks].flatMap((group) => Object.values(group)).reduce((sum, count) => sum + count, 0);
  return {
    draining,
    phase,
    scope: isHost ? ('host' as const) : ('all' as const),
    host: nodeName,
    idle: left === 0,
    bakes,
    callbacks,
  };
}
