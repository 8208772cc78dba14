import { createRoute } from '@hono/zod-openapi';
import type { Queue } from '../../queue/queue.ts';
import type { App, Deps } from '../context.ts';
import { bearer } from '../middleware.ts';
import { drained, errors, json } from '../schemas/response.ts';

/** Whether this process takes tapes. A restart ends it: it is kept nowhere. */
export interface DrainState {
  active: boolean;
}

const description = `From then on tapes are refused (503 \`DRAINING\`) and /health says \`draining\`; what was accepted is baked and
delivered. Ask again until \`idle\`.`;
const secured = { tags: ['Operation'], security: [{ Bearer: [] }] };

/** `POST /drain`, which may be asked again and again to see what is left, and `DELETE /drain`, which ends it. */
export function drainRoutes(app: App, { queue, drain, secrets, log }: Deps): void {
  const middleware = bearer(secrets);
  const answers = { ...errors('UNAUTHORIZED', 'QUEUE_UNREACHABLE') };
  const start = createRoute({
    ...{
      ...secured,
      method: 'post',
      path: '/drain',
      operationId: 'startDrain',
      summary: 'Take no more tapes',
      description,
      middleware,
    },
    responses: { 200: json(drained, 'What is left to do.'), ...answers },
  });
  app.openapi(start, async (c) => {
    if (!drain.active) log.info({ requestId: c.get('requestId') }, 'draining');
    drain.active = true;
    return c.json(await remainingWork(queue, drain), 200);
  });

  const end = createRoute({
    ...{
      ...secured,
      method: 'delete',
      path: '/drain',
      operationId: 'endDrain',
      summary: 'Take tapes again',
      middleware,
    },
    responses: { 200: json(drained, 'What is left to do.'), ...answers },
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
