import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { DEFAULT_OUTPUTS } from '../../bake/outputs.ts';
import { SLUG } from '../../lib/ids.ts';
import type { BakeRequest } from '../../queue/job.ts';
import type { App, Deps, Env } from '../context.ts';
import { ApiError, type FieldFault } from '../errors.ts';
import { type BakeBody, bakeBody, thumbnailBody } from '../schemas/request.ts';
import { accepted, errors, json } from '../schemas/response.ts';
import { queueFull, refusalReason, statusUrl } from './admission.ts';

const description = `Checked in this order: 413, 415 and 400 with every bad field, 401, 403, 429, 503.

**The same again** is the same mongoId, slug, zipUrl without its
query, and outputs in any order: while it waits or runs, 200 and the same job; when done, 200 and its callback once more under the same
\`webhook-id\`; when it failed for something that may pass, a new attempt and 202; when the tape itself is bad, 200 and the callback of the
failure once more. \`rebake: true\` makes a new job of what has ended.`;

const responses = {
  202: json(accepted, 'The tape is in the queue, and stays there whatever becomes of the service.'),
  200: json(accepted, 'The tape was in the queue, or done, before.'),
  ...errors(
    ...([
      'BODY_TOO_LARGE',
      'INVALID_JSON',
      'INVALID_REQUEST',
      'UNSUPPORTED_MEDIA_TYPE',
      'UNAUTHORIZED',
    ] as const),
    ...([
      'ORIGIN_NOT_ALLOWED',
      'BAKE_RUNNING',
      'QUEUE_FULL',
      'DRAINING',
      'DISK',
      'QUEUE_UNREACHABLE',
    ] as const),
  ),
};

/** `POST /bake` and `POST /thumbnail`. */
export function bakeRoutes(app: App, deps: Deps): void {
  const bake = createRoute({
    ...{ method: 'post', path: '/bake', tags: ['Tapes'], summary: 'Bake a tape', description, responses },
    request: { body: { required: true, content: { 'application/json': { schema: bakeBody } } } },
  });
  app.openapi(bake, async (c) => acceptTape(c, deps, c.req.valid('json')));

  const thumbnail = createRoute({
    ...{ method: 'post', path: '/thumbnail', tags: ['Tapes'], summary: 'Make a thumbnail only', responses },
    description: 'As POST /bake with `outputs: [{"kind": "thumbnail"}]`.',
    request: { body: { required: true, content: { 'application/json': { schema: thumbnailBody } } } },
  });
  app.openapi(thumbnail, async (c) =>
    acceptTape(c, deps, { ...c.req.valid('json'), outputs: [{ kind: 'thumbnail' }] }),
  );
}

/** The checks after those of the body, in the order of the contract; the queue itself says whether it is full. */
async function acceptTape(c: Context<Env>, deps: Deps, body: BakeBody) {
  const { queue, secrets, log } = deps;
  const fileName = nameOfFiles(body, deps.outputName);
  const secretFingerprint = secrets.accepts(body.callbackSecret);
  if (secretFingerprint === undefined) throw new ApiError('UNAUTHORIZED');
  const refused = refusedUrls(deps, body);
  if (refused.length > 0) throw new ApiError('ORIGIN_NOT_ALLOWED', { fields: refused });
  const refusal = await refusalReason(deps);
  if (refusal) {
    await refuseWhenFull(deps);
    throw refusal;
  }
  const { rebake, priority } = body;
  const { jobId, status, outcome } = await queue.submit(requestOf(body, fileName, secretFingerprint), {
    rebake,
    priority,
  });
  const { slug } = body;
  log.info({ requestId: c.get('requestId'), jobId, slug, outcome }, 'tape asked for');
  if (outcome === 'full') throw queueFull();
  if (outcome === 'conflict') throw new ApiError('BAKE_RUNNING');
  const code = outcome === 'accepted' || outcome === 'retrying' ? 202 : 200;
  return c.json({ jobId, status: status ?? 'queued', statusUrl: statusUrl(deps, jobId) }, code);
}

function refusedUrls({ isSourceAllowed, isCallbackAllowed }: Deps, body: BakeBody): FieldFault[] {
  const { zipUrl, callbackUrl, progressUrl } = body;
  const checks = [
    ['zipUrl', zipUrl, isSourceAllowed],
    ['callbackUrl', callbackUrl, isCallbackAllowed],
    ['progressUrl', progressUrl, isCallbackAllowed],
  ] as const;
  return checks
    .filter(([, url, isAllowed]) => url !== undefined && isAllowed(new URL(url)) === undefined)
    .map(([field]) => ({ field, message: 'is not below an origin that Oven is set up to talk to' }));
}

async function refuseWhenFull({ queue, maxQueued }: Deps): Promise<void> {
  const { waiting, retrying } = await queue.counts();
  if (waiting + retrying >= maxQueued) throw queueFull();
}

/** The code where files are named by it, and undefined where by the slug. Throws 400 for a code that makes no name. */
function nameOfFiles(body: BakeBody, otherwise: 'slug' | 'code'): string | undefined {
  if ((body.outputName ?? otherwise) === 'slug') return undefined;
  const code = body.code ?? '';
  if (SLUG.test(code)) return code;
  const message =
    code === ''
      ? 'is missing, and files are named by it'
      : `must match ${SLUG.source}, since files are named by it`;
  throw new ApiError('INVALID_REQUEST', { fields: [{ field: 'code', message }] });
}

function requestOf(body: BakeBody, fileName: string | undefined, secretFingerprint: string): BakeRequest {
  const { mongoId, slug, zipUrl, callbackUrl, progressUrl, metadata, replaces } = body;
  return {
    mongoId,
    slug,
    zipUrl,
    callbackUrl,
    progressUrl,
    metadata,
    code: body.code ?? undefined,
    fileName,
    replaces,
    outputs: body.outputs ?? DEFAULT_OUTPUTS,
    secretFingerprint,
  };
}
