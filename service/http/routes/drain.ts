import { createRoute } from '@hono/zod-openapi';
import type { Log } from '../../lib/log.ts';
import type { Queue } from '../../queue/queue.ts';
import type { App } from '../middleware.ts';
import { operatorOnly } from '../operator.ts';
import { drained, errors, json } from '../responses.ts';
import type { DrainState } from './admission.ts';

export interface DrainRouteOptions {
  readonly queue: Queue;
  readonly drain: DrainState;
  readonly log: Log;
}

/** `POST /drain`, which may be repeated to see what is left, and `DELETE /drain`, which ends it. */
export function drainRoutes(app: App, { queue, drain, log }: DrainRouteOptions): void {
  const middleware = operatorOnly;
  const responses = {
    200: json(drained, 'What is left to do.'),
    ...errors('BODY_TOO_LARGE', 'UNAUTHORIZED', 'QUEUE_UNREACHABLE'),
  };
  const start = createRoute({
    method: 'post',
    path: '/drain',
    operationId: 'startDrain',
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary: 'Take no more tapes',
    description: `From then on tapes are refused (503 \`DRAINING\`), and /health says \`draining\`. Accepted tapes are baked and delivered.
Repeat the request until \`idle\`.`,
    middleware,
    responses,
  });
  app.openapi(start, async (c) => {
    if (!drain.active) log.info({ requestId: c.get('requestId') }, 'draining');
    drain.active = true;
    return c.json(await remainingWork(queue, drain), 200);
  });

  const end = createRoute({
    method: 'delete',
    path: '/drain',
    operationId: 'endDrain',
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary: 'Take tapes again',
    middleware,
    responses,
  });
  app.openapi(end, async (c) => {
    if (drain.active) log.info({ requestId: c.get('requestId') }, 'draining ended');
    drain.active = false;
    return c.json(await remainingWork(queue, drain), 200);
  });
}

async function remainingWork(queue: Queue, { active: draining }: DrainState) {
  const { waiting, active, retrying, callbacks: all } = await queue.counts();
  const bakes = { waiting, active, retrying };
  const callbacks = { waiting: all.waiting, active: all.active, retrying: all.retrying };
  const idle = [bakes, callbacks].every((group) => Object.values(group).every((count) => count === 0));
  return { draining, idle, bakes, callbacks };
}
