/** `GET /admin/jobs`, `GET /admin/jobs/{id}` and `GET /admin/hosts`: what the operator sees of jobs and hosts. */
import { createRoute, z } from '@hono/zod-openapi';
import { JOB_ID } from '../../lib/ids.ts';
import { type JobDetails, LISTED_STATES, type Position } from '../../queue/list.ts';
import type { Queue } from '../../queue/queue.ts';
import { ApiError } from '../errors.ts';
import type { App } from '../middleware.ts';
import { operatorOnly } from '../operator.ts';
import { errors, hostList, jobDetails, jobPage, json } from '../responses.ts';

export interface AdminRouteOptions {
  readonly queue: Queue;
}

const MAX_PAGE = 100;
const CURSOR = /^(\d{1,16})_([0-9a-f]{32}(?:-[1-9]\d{0,8})?)$/;

const word = (max: number, description: string) =>
  z.string().min(1).max(max).optional().openapi({ description });

const query = z.object({
  status: z
    .enum(LISTED_STATES, { error: `must be one of ${LISTED_STATES.join(', ')}` })
    .optional()
    .openapi({ description: '`active` is being baked.' }),
  slug: word(64, 'The slug of the tape.'),
  code: word(64, 'The short code of the tape.'),
  error: word(64, 'The code of the failure.'),
  since: z
    .string()
    .transform((value) => (/^\d{1,16}$/.test(value) ? Number(value) : Date.parse(value)))
    .refine((value) => !Number.isNaN(value), { error: 'must be a date such as 2026-11-26T10:00:00Z' })
    .optional()
    .openapi({
      type: 'string',
      description: 'Jobs that were queued then or later: a date of ISO 8601, or milliseconds since 1970.',
      example: '2026-11-26T10:00:00Z',
    }),
  limit: z
    .string()
    .default('50')
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= 1 && value <= MAX_PAGE, {
      error: `must be a whole number from 1 to ${MAX_PAGE}`,
    })
    .openapi({ type: 'integer', minimum: 1, maximum: MAX_PAGE, description: 'Jobs of a page, at most.' }),
  cursor: z
    .string()
    .regex(CURSOR, { error: 'must be the `next` of an earlier page' })
    .optional()
    .openapi({ description: '`next` of the page before.' }),
});

const description = `Sorted by \`timings.queuedAt\`, then by \`jobId\`, both descending: the newest first. A page that has \`next\` may have fewer jobs
than \`limit\`; one without \`next\` is the last. A cursor stays right while jobs come and go. A page reads its own jobs only, however long the history is.`;

export function adminRoutes(app: App, { queue }: AdminRouteOptions): void {
  const common = { method: 'get' as const, tags: ['Operation'], security: [{ Bearer: [] }] };

  const list = createRoute({
    ...common,
    path: '/admin/jobs',
    summary: 'List jobs, or find them',
    description,
    middleware: operatorOnly,
    request: { query },
    responses: {
      200: json(jobPage, 'A page of the jobs that match every parameter.'),
      ...errors('INVALID_REQUEST', 'UNAUTHORIZED', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(list, async (c) => {
    const { limit, cursor, ...filter } = c.req.valid('query');
    const { jobs, next } = await queue.list(filter, { limit, after: parseCursor(cursor) });
    c.header('Cache-Control', 'no-store');
    const page = { jobs: [...jobs], ...(next && { next: renderCursor(next) }) };
    return c.json(page, 200);
  });

  const hosts = createRoute({
    ...common,
    path: '/admin/hosts',
    summary: 'List the hosts that work on the queue',
    description: 'Each reports itself every five seconds. One without a sign of life for 20 s is left out.',
    middleware: operatorOnly,
    responses: { 200: json(hostList, 'The hosts, by name.'), ...errors('UNAUTHORIZED', 'QUEUE_UNREACHABLE') },
  });
  app.openapi(hosts, async (c) => {
    c.header('Cache-Control', 'no-store');
    return c.json({ hosts: await queue.hosts() }, 200);
  });

  const show = createRoute({
    ...common,
    path: '/admin/jobs/{id}',
    summary:
      'All that is known of a job: the causes of its failure, the encoder’s last lines, the attempts of its callback',
    middleware: operatorOnly,
    request: { params: z.object({ id: z.string().openapi({ description: 'The jobId.' }) }) },
    responses: {
      200: json(jobDetails, 'The job. URLs are without their queries, which may hold signatures.'),
      ...errors('UNAUTHORIZED', 'JOB_NOT_FOUND', 'QUEUE_UNREACHABLE'),
    },
  });
  app.openapi(show, async (c) => {
    const { id } = c.req.valid('param');
    const found = JOB_ID.test(id) ? await queue.details(id) : undefined;
    if (found === undefined) throw new ApiError('JOB_NOT_FOUND');
    c.header('Cache-Control', 'no-store');
    return c.json(renderDetails(found), 200);
  });
}

function renderDetails({ request, ...job }: JobDetails) {
  const { zipUrl, callbackUrl, outputs } = request;
  return {
    ...job,
    zipUrl: withoutQuery(zipUrl),
    callbackUrl: withoutQuery(callbackUrl),
    outputs: [...outputs],
    callbackAttempts: [...job.callbackAttempts],
  };
}

function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = '';
  return url.href;
}

function parseCursor(cursor: string | undefined): Position | undefined {
  const [, queuedAt, jobId] = CURSOR.exec(cursor ?? '') ?? [];
  return queuedAt === undefined || jobId === undefined ? undefined : { queuedAt: Number(queuedAt), jobId };
}

function renderCursor({ queuedAt, jobId }: Position): string {
  return `${queuedAt}_${jobId}`;
}
