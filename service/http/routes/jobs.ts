import { createRoute, z } from '@hono/zod-openapi';
import { JOB_ID } from '../../lib/ids.ts';
import type { App, Deps } from '../context.ts';
import { ApiError } from '../errors.ts';
import { bearer } from '../middleware.ts';
import { accepted, errors, json, report } from '../schemas/response.ts';
import { queueFull, refusalReason, statusUrl } from './admission.ts';

const params = z.object({
  id: z.string().openapi({ example: '0f343b0931126a20f133d67c2b018a3b', description: 'The jobId.' }),
});
const tags = ['Jobs'];
const secured = { tags: ['Operation'], security: [{ Bearer: [] }] };

/** `GET /status/:jobId`, which anybody who knows the id may ask for. */
export function statusRoute(app: App, { queue }: Deps): void {
  const route = createRoute({
    ...{ method: 'get', path: '/status/{jobId}', tags, summary: 'How far a job is, or how it ended' },
    request: { params: z.object({ jobId: params.shape.id }) },
    responses: {
      200: json(report, 'What is known about the job. A callback that was given up leaves it `done`.'),
      ...errors('JOB_NOT_FOUND', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(route, async (c) => {
    const found = await queue.status(parseJobId(c.req.valid('param').jobId));
    if (found === undefined) throw new ApiError('JOB_NOT_FOUND');
    c.header('Cache-Control', 'no-store');
    return c.json(found, 200);
  });
}

/** `POST /jobs/:id/retry`, `cancel` and `replay-callback`. */
export function jobRoutes(app: App, deps: Deps): void {
  const { queue, log } = deps;
  const middleware = bearer(deps.secrets);
  const route = <P extends string>(path: P, summary: string) => ({
    ...secured,
    ...{ method: 'post' as const, path, summary, middleware, request: { params } },
  });
  const done = (id: string, status: 'queued' | 'failed' | 'done') => ({
    ...{ jobId: id, status, statusUrl: statusUrl(deps, id) },
  });
  const logOutcome = (jobId: string, outcome: string, requestId: string) =>
    log.info({ requestId, jobId, outcome }, 'job changed');

  const retry = createRoute({
    ...route('/jobs/{id}/retry', 'Try a failed job again, whatever it failed for'),
    responses: {
      202: json(accepted, 'It is in the queue again.'),
      ...errors(
        ...(['UNAUTHORIZED', 'JOB_NOT_FOUND', 'JOB_UNFINISHED', 'JOB_FINISHED', 'QUEUE_FULL'] as const),
        ...(['DRAINING', 'DISK', 'QUEUE_UNREACHABLE'] as const),
      ),
    },
  });
  app.openapi(retry, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const refusal = await refusalReason(deps);
    if (refusal) throw refusal;
    const outcome = await queue.retry(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'unfinished') throw new ApiError('JOB_UNFINISHED');
    if (outcome === 'done') throw new ApiError('JOB_FINISHED');
    if (outcome === 'full') throw queueFull();
    return c.json(done(id, 'queued'), 202);
  });

  const cancel = createRoute({
    ...route('/jobs/{id}/cancel', 'Stop a job, or take it out of the queue'),
    responses: {
      200: json(accepted, 'It was told to stop; its callback tells of the failure `CANCELLED`.'),
      ...errors('UNAUTHORIZED', 'JOB_NOT_FOUND', 'JOB_FINISHED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(cancel, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const outcome = await queue.cancel(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'finished') throw new ApiError('JOB_FINISHED');
    return c.json(done(id, 'failed'), 200);
  });

  const replay = createRoute({
    ...route('/jobs/{id}/replay-callback', 'Send the callback of an ended job again'),
    responses: {
      202: json(accepted, 'It is sent again under the same `webhook-id`.'),
      ...errors('UNAUTHORIZED', 'JOB_NOT_FOUND', 'JOB_UNFINISHED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(replay, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const outcome = await queue.replayCallback(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'unfinished') throw new ApiError('JOB_UNFINISHED');
    const { status } = (await queue.status(id)) ?? {};
    return c.json(done(id, status === 'failed' ? 'failed' : 'done'), 202);
  });
}

function parseJobId(id: string): string {
  if (!JOB_ID.test(id)) throw new ApiError('JOB_NOT_FOUND');
  return id;
}
