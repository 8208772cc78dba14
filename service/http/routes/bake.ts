import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { DEFAULT_OUTPUTS } from '../../bake/outputs.ts';
import type { Secrets } from '../../callback/secrets.ts';
import type { Drain } from '../../drain.ts';
import type { DiskMonitor } from '../../health/disk.ts';
import { SLUG } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import { readTraceparent, traceIdOf } from '../../lib/trace.ts';
import { loggedSlug } from '../../queue/job.ts';
import type { Queue } from '../../queue/queue.ts';
import { type BakeBody, bakeBody, thumbnailBody } from '../../schemas/request.ts';
import type { Allowed } from '../../source/allow-list.ts';
import { ApiError, type FieldFault } from '../errors.ts';
import type { App, Env } from '../middleware.ts';
import { accepted, errors, json } from '../responses.ts';
import { queueFull, refusalReason, statusUrl } from './admission.ts';

export interface BakeRouteOptions {
  readonly queue: Queue;
  /** How many tapes may wait. */
  readonly maxQueued: number;
  readonly secrets: Pick<Secrets, 'accepts'>;
  readonly isSourceAllowed: Allowed;
  readonly isCallbackAllowed: Allowed;
  readonly drain: Pick<Drain, 'current'>;
  readonly disk: DiskMonitor;
  /** What files are named by, unless a request says otherwise. */
  readonly outputName: 'slug' | 'code';
  /** The service's, without a slash at its end. */
  readonly publicUrl: string;
  readonly log: Log;
}

const description = `The checks have this order: 413, 415 and 400 with every bad field, 401, 403, 429, 503.

**The same request again** has the same mongoId, slug, zipUrl without its query, and outputs in any order. While its job waits or
runs, the answer is 200 and the same job. When the job is done, the answer is 200, and its callback is sent once more under the
same \`webhook-id\`. When the job failed and the failure is retryable, the answer is 202, and a new attempt begins. When the tape
itself is bad, the answer is 200, and the callback of the failure is sent once more. \`rebake: true\` makes a new job if the old
one has ended. With a \`rebakeId\` it does so once: for the same tape and \`rebakeId\` the answer is 200 and the same job, and nothing is sent.`;

const responses = {
  202: json(accepted, 'The tape is in the queue, and stays there whatever happens to the service.'),
  200: json(accepted, 'The tape was in the queue already, or its job has ended.'),
  ...errors(
    'BODY_TOO_LARGE',
    'INVALID_JSON',
    'INVALID_REQUEST',
    'UNSUPPORTED_MEDIA_TYPE',
    'UNAUTHORIZED',
    'ORIGIN_NOT_ALLOWED',
    'BAKE_RUNNING',
    'QUEUE_FULL',
    'DRAINING',
    'DISK',
    'QUEUE_UNREACHABLE',
  ),
};

/** `POST /bake` and `POST /thumbnail`. */
export function bakeRoutes(app: App, options: BakeRouteOptions): void {
  const bake = createRoute({
    method: 'post',
    path: '/bake',
    tags: ['Tapes'],
    summary: 'Bake a tape',
    description,
    request: { body: { required: true, content: { 'application/json': { schema: bakeBody } } } },
    responses,
  });
  app.openapi(bake, async (c) => acceptTape(c, options, c.req.valid('json')));

  const thumbnail = createRoute({
    method: 'post',
    path: '/thumbnail',
    tags: ['Tapes'],
    summary: 'Make a thumbnail only',
    description: 'The same as POST /bake with `outputs: [{"kind": "thumbnail", "at": …, "format": …}]`.',
    request: { body: { required: true, content: { 'application/json': { schema: thumbnailBody } } } },
    responses,
  });
  app.openapi(thumbnail, async (c) => {
    const { at, format, ...body } = c.req.valid('json');
    return acceptTape(c, options, { ...body, outputs: [{ kind: 'thumbnail', at, format }] });
  });
}

/** The checks after those of the body, in the order of the contract, and the submission. */
async function acceptTape(c: Context<Env>, options: BakeRouteOptions, body: BakeBody) {
  const { queue, secrets, drain, disk, publicUrl, log } = options;
  const { callbackSecret, outputName = options.outputName, rebake, rebakeId, priority, ...kept } = body;
  const fileName = outputName === 'code' ? codeAsFileName(body.code) : undefined;
  const secretFingerprint = secrets.accepts(callbackSecret);
  if (secretFingerprint === undefined) throw new ApiError('UNAUTHORIZED');
  const refused = refusedUrls(body, options.isSourceAllowed, options.isCallbackAllowed);
  if (refused.length > 0) throw new ApiError('ORIGIN_NOT_ALLOWED', { fields: refused });
  const refusal = await refusalReason(drain, disk);
  if (refusal) {
    const { waiting, retrying } = await queue.counts();
    throw waiting + retrying >= options.maxQueued ? queueFull() : refusal;
  }
  const outputs = body.outputs ?? DEFAULT_OUTPUTS;
  const traceparent = readTraceparent(c.req.header('traceparent'));
  const request = { ...kept, outputs, fileName, secretFingerprint, traceparent };
  const { jobId, status, outcome } = await queue.submit(request, { rebake, rebakeId, priority });
  const requestId = c.get('requestId');
  const facts = { requestId, jobId, slug: loggedSlug(body), traceId: traceIdOf(traceparent) };
  log.info({ ...facts, outcome }, 'tape asked for');
  if (outcome === 'full') throw queueFull();
  if (outcome === 'conflict') throw new ApiError('BAKE_RUNNING');
  const isQueued = outcome === 'accepted' || outcome === 'retrying';
  const answer = { jobId, status: status ?? 'queued', statusUrl: statusUrl(publicUrl, jobId) };
  return c.json(answer, isQueued ? 202 : 200);
}

function refusedUrls(body: BakeBody, isSourceAllowed: Allowed, isCallbackAllowed: Allowed): FieldFault[] {
  const checks = [
    ['zipUrl', isSourceAllowed],
    ['callbackUrl', isCallbackAllowed],
    ['progressUrl', isCallbackAllowed],
  ] as const;
  const message = 'is not below an origin that Oven is set up to talk to';
  return checks.flatMap(([field, isAllowed]) => {
    const url = body[field];
    return url === undefined || isAllowed(new URL(url)) ? [] : [{ field, message }];
  });
}

/** The code of a tape whose files are named by it. Throws INVALID_REQUEST for a code that is no file name. */
function codeAsFileName(code = ''): string {
  if (SLUG.test(code)) return code;
  const message =
    code === ''
      ? 'is missing, and files are named by it'
      : `must match ${SLUG.source}, since files are named by it`;
  throw new ApiError('INVALID_REQUEST', { fields: [{ field: 'code', message }] });
}
