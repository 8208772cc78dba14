import type { Deadline } from '../deadline.ts';
import { HttpError, json, parseJson, readText, requireMethod } from '../http.ts';
import type { Services } from '../services.ts';
import { checkFileUrl } from '../storage.ts';
import { eligibility, exclusionOf } from '../tapes/exclusions.ts';
import { ovenSlug } from '../tapes/names.ts';
import { callbackBody, type Failure } from './body.ts';
import { publish } from './publish.ts';
import { verifySecret, verifySignature } from './verify.ts';

const MAX_BODY_BYTES = 256 * 1024;

/** Handles Oven's callback. 200: nothing is left to do. 5xx with Retry-After: the same callback may succeed later. */
export async function tapeBakeComplete(
  services: Services,
  request: Request,
  deadline: Deadline,
): Promise<Response> {
  requireMethod(request, 'POST');
  const { config, log, tapes } = services;
  const text = await readText(request, MAX_BODY_BYTES);
  const body = parseJson(callbackBody, text);
  if (config.callbackSecrets.length === 0) {
    throw new HttpError(503, 'NOT_CONFIGURED', 'OVEN_CALLBACK_SECRET is not set.', {
      headers: { 'retry-after': '300' },
    });
  }
  const bake = verifySignature(config.callbackSecrets, request.headers, text);
  verifySecret(config.callbackSecrets, body.secret);
  const { secret: _, ...said } = body;

  const tape = await tapes.find(said.mongoId);
  // After 410 Oven makes no further attempt.
  if (tape === undefined) throw new HttpError(410, 'TAPE_UNKNOWN', 'There is no such tape.');
  if (ovenSlug(tape) !== said.slug) throw new HttpError(409, 'SLUG_MISMATCH', 'The tape has another slug.');
  if (eligibility(tape) === 'left-alone') {
    log('warn', 'LEFT_ALONE', {
      mongoId: said.mongoId,
      slug: tape.slug,
      why: exclusionOf(tape) ?? 'not adopted',
    });
    return json(200, { status: 'left-alone' });
  }
  if ('error' in said) {
    await tapes.recordBakeFailure(said.mongoId, bake, { ...fault(said.error), at: new Date() });
    log('warn', 'BAKE_FAILED', { mongoId: said.mongoId, slug: said.slug, code: said.error.code });
    return json(200, { status: 'recorded' });
  }
  // Oven names files by the code or by the slug.
  const name = said.mp4Url.endsWith(`/${tape.code}.mp4`) ? tape.code : said.slug;
  checkFileUrl(config.blobs, said.mp4Url, `${name}.mp4`, 'mp4Url');
  checkFileUrl(config.blobs, said.thumbnailUrl, `${name}-thumb.jpg`, 'thumbnailUrl');
  const status = await publish(services, { bake, ...said }, deadline);
  log('info', 'TAPE_PUBLISHED', { mongoId: said.mongoId, slug: said.slug, status });
  return json(200, { status });
}

function fault({ code, message }: Failure['error']) {
  return { code, message };
}
