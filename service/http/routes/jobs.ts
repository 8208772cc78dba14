import { createRoute, z } from '@hono/zod-openapi';
import type { Drain } from '../../drain.ts';
import type { DiskMonitor } from '../../health/disk.ts';
import { JOB_ID } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import type { Queue } from '../../queue/queue.ts';
import { redact } from '../../queue/redact.ts';
import { rebakeBody } from '../../schemas/request.ts';
import { ApiError } from '../errors.ts';
import type { App } from '../middleware.ts';
import { isOperator, operatorOnly } from '../operator.ts';
import { accepted, errors, json, report } from '../responses.ts';
import { queueFull, refusalReason, statusUrl } from './admission.ts';

export interface JobRouteOptions {
  readonly queue: Queue;
  readonly drain: Pick<Drain, 'current'>;
  readonly disk: DiskMonitor;
  /** The service's, without a slash at its end. */
  readonly publicUrl: string;
  readonly log: Log;
}

const jobId = z.string().openapi({ example: '0f343b0931126a20f133d67c2b018a3b', description: 'The jobId.' });

/** `GET /status/{jobId}`, which needs no secret, and `POST /jobs/{id}/retry`, `cancel` and `replay-callback`. */
export function jobRoutes(app: App, options: JobRouteOptions): void {
  const { queue, drain, disk, publicUrl, log } = options;

  const status = createRoute({
    method: 'get',
    path: '/status/{jobId}',
    tags: ['Jobs'],
    summary: 'How far a job is, or how it ended',
    description:
      'Without the secret, a private tape is only "a tape": without its name, its files and the texts of its errors.',
    security: [{}, { Bearer: [] }],
    request: { params: z.object({ jobId }) },
    responses: {
      200: json(report, 'The report on the job. A job is `done` even if its callback was given up.'),
      ...errors('JOB_NOT_FOUND', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(status, async (c) => {
    const found = await queue.status(parseJobId(c.req.valid('param').jobId));
    if (found === undefined) throw new ApiError('JOB_NOT_FOUND');
    c.header('Cache-Control', 'no-store');
    return c.json(isOperator(c) ? found : redact(found), 200);
  });

  const action = <P extends string>(path: P, summary: string) => ({
    method: 'post' as const,
    path,
    tags: ['Operation'],
    security: [{ Bearer: [] }],
    summary,
    middleware: operatorOnly,
    request: { params: z.object({ id: jobId }) },
  });
  const answer = (id: string, status: 'queued' | 'failed' | 'done') => ({
    jobId: id,
    status,
    statusUrl: statusUrl(publicUrl, id),
  });
  const logOutcome = (jobId: string, outcome: string, requestId: string) =>
    log.info({ requestId, jobId, outcome }, 'job changed');

  const retry = createRoute({
    ...action('/jobs/{id}/retry', 'Try a failed job again, whatever it failed for'),
    responses: {
      202: json(accepted, 'It is in the queue again.'),
      ...errors(
        'BODY_TOO_LARGE',
        'UNAUTHORIZED',
        'JOB_NOT_FOUND',
        'JOB_UNFINISHED',
        'JOB_FINISHED',
        'QUEUE_FULL',
        'DRAINING',
        'DISK',
        'QUEUE_UNREACHABLE',
      ),
    },
  });
  app.openapi(retry, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const refusal = await refusalReason(drain, disk);
    if (refusal) throw refusal;
    const outcome = await queue.retry(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'unfinished') throw new ApiError('JOB_UNFINISHED');
    if (outcome === 'done') throw new ApiError('JOB_FINISHED');
    if (outcome === 'full') throw queueFull();
    return c.json(answer(id, 'queued'), 202);
  });

  const rebake = createRoute({
    ...action('/jobs/{id}/rebake', 'Bake the tape of an ended job again'),
    description: 'As its request asked for it. The new job has a new callback.',
    request: {
      params: z.object({ id: jobId }),
      body: { required: true, content: { 'application/json': { schema: rebakeBody } } },
    },
    responses: {
      202: json(accepted, 'A new job is in the queue.'),
      200: json(accepted, 'The tape’s newest job was made for the same `rebakeId`.'),
      ...errors(
        'INVALID_JSON',
        'INVALID_REQUEST',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
        'UNAUTHORIZED',
        'JOB_NOT_FOUND',
        'BAKE_RUNNING',
        'QUEUE_FULL',
        'DRAINING',
        'DISK',
        'QUEUE_UNREACHABLE',
      ),
    },
  });
  app.openapi(rebake, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const refusal = await refusalReason(drain, disk);
    if (refusal) throw refusal;
    const submitted = await queue.rebake(id, c.req.valid('json'));
    logOutcome(id, submitted?.outcome ?? 'absent', c.get('requestId'));
    if (submitted === undefined) throw new ApiError('JOB_NOT_FOUND');
    if (submitted.outcome === 'full') throw queueFull();
    if (submitted.outcome === 'conflict') throw new ApiError('BAKE_RUNNING');
    const { jobId, status, created } = submitted;
    const found = { jobId, status: status ?? 'queued', statusUrl: statusUrl(publicUrl, jobId) };
    return c.json(found, created ? 202 : 200);
  });

  const cancel = createRoute({
    ...action('/jobs/{id}/cancel', 'Stop a job, or take it out of the queue'),
    responses: {
      200: json(accepted, 'It is told to stop; its callback reports the failure `CANCELLED`.'),
      ...errors('BODY_TOO_LARGE', 'UNAUTHORIZED', 'JOB_NOT_FOUND', 'JOB_FINISHED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(cancel, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const outcome = await queue.cancel(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'finished') throw new ApiError('JOB_FINISHED');
    return c.json(answer(id, 'failed'), 200);
  });

  const replay = createRoute({
    ...action('/jobs/{id}/replay-callback', 'Send the callback of an ended job again'),
    responses: {
      202: json(accepted, 'It is sent again under the same `webhook-id`.'),
      ...errors('BODY_TOO_LARGE', 'UNAUTHORIZED', 'JOB_NOT_FOUND', 'JOB_UNFINISHED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(replay, async (c) => {
    const id = parseJobId(c.req.valid('param').id);
    const outcome = await queue.replayCallback(id);
    logOutcome(id, outcome, c.get('requestId'));
    if (outcome === 'absent') throw new ApiError('JOB_NOT_FOUND');
    if (outcome === 'unfinished') throw new ApiError('JOB_UNFINISHED');
    const { status } = (await queue.status(id)) ?? {};
    return c.json(answer(id, status === 'failed' ? 'failed' : 'done'), 202);
  });
}

/** Throws JOB_NOT_FOUND for a text that no job has as its id: it is not looked up. */
function parseJobId(id: string): string {
  if (!JOB_ID.test(id)) throw new ApiError('JOB_NOT_FOUND');
  return id;
}
