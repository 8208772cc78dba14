import { z } from 'zod';
import { type Deadline, within } from './deadline.ts';
import { HttpError, json, parseJson, readText, requireMethod } from './http.ts';
import type { Identity } from './identity.ts';
import { nuke } from './nuke.ts';
import { passOn } from './pass-on.ts';
import type { Services } from './services.ts';
import { submit } from './submit.ts';
import { exclusionOf, isAdopted } from './tapes/exclusions.ts';
import { ovenSlug, SLUG_PATTERN } from './tapes/names.ts';
import { idOf, type NewTape, type Tape } from './tapes/tape.ts';

const MAX_BODY_BYTES = 64 * 1024;
const MAX_METADATA_BYTES = 32 * 1024;
const MAX_TAPE_SECONDS = 30;

const slug = z
  .string()
  .max(200)
  .regex(
    new RegExp(`^([^/.][^/]*/)?${SLUG_PATTERN}$`),
    'must be 1 to 64 letters, digits, dots, dashes and underscores',
  );
const metadata = z
  .looseObject({ totalDuration: z.number().nonnegative().optional() })
  .refine((value) => JSON.stringify(value).length <= MAX_METADATA_BYTES, 'must have 32 KB at most');
/** What a request is for. A video that a device made is a tape that can be taken down, and none that can be baked. */
const KIND = z.object({ ext: z.string().optional() });
const POST = z.object({ slug, metadata: metadata.nullish(), publish: z.boolean().optional() });
const PUT = z.object({ slug, nuke: z.boolean() });

/** The slug of a user's tape, which is its time. A guest's slug has 8 random characters. */
const USER_SLUG = /^\d{4}\.\d{1,2}\.\d{1,2}\./;

/**
 * POST: adds an uploaded tape and submits it to Oven. PUT {slug, nuke}: takes a tape down, or brings it back. Media of other kinds is passed
 * on to OTHER_MEDIA_URL.
 */
export async function trackMedia(
  services: Services,
  request: Request,
  deadline: Deadline,
): Promise<Response> {
  requireMethod(request, 'POST', 'PUT');
  const text = await readText(request, MAX_BODY_BYTES);
  const { ext = 'zip' } = parseJson(KIND, text);
  const isTape = ext === 'zip' || (ext === 'mp4' && request.method === 'PUT');
  if (!isTape) return passOn(services.config.otherMedia, request, text, deadline);
  const fields = request.method === 'PUT' ? parseJson(PUT, text) : parseJson(POST, text);
  if ('metadata' in fields && (fields.metadata?.totalDuration ?? 0) > MAX_TAPE_SECONDS) {
    throw new HttpError(400, 'TAPE_TOO_LONG', `A tape may last ${MAX_TAPE_SECONDS} seconds.`);
  }
  const who = await services.identify(request.headers.get('authorization'), within(5, deadline));
  if ('nuke' in fields) return nuke(services, fields, who, deadline);
  return takeTape(services, fields, who, deadline);
}

async function takeTape(
  services: Services,
  fields: z.output<typeof POST>,
  who: Identity,
  deadline: Deadline,
): Promise<Response> {
  const { log, tapes } = services;
  const found = await findUpload(services, identifyTape(services, fields.slug, who), deadline);
  const { tape: added, created } = await tapes.add({
    ...found,
    ...(fields.metadata && { metadata: fields.metadata }),
    ...(fields.publish === false && { publish: false }),
  });
  const owned = await adoptIfOwner(services, added, who);
  // A guest can't be told from another one, so a preview that the operator made of an old tape stays one.
  const isTheirs = who.kind === 'user' || owned.oven?.adoptedBy === undefined;
  const publishes = owned.oven?.publish === false && fields.publish !== false && isTheirs;
  const adopted = publishes ? await tapes.publish(owned) : owned;
  const givenUp = (adopted.oven?.gaveUpAt ?? adopted.oven?.sync?.gaveUpAt) !== undefined;
  const tape = givenUp ? await tapes.revive(adopted) : adopted;
  const tapeId = idOf(tape);
  log('info', created ? 'TAPE_ADDED' : 'TAPE_KNOWN', { mongoId: tapeId, slug: tape.slug, code: tape.code });
  const { slug, code, mp4Url, thumbnailUrl } = tape;
  const said = { slug, code, tapeId, ...(mp4Url && { mp4Url }), ...(thumbnailUrl && { thumbnailUrl }) };
  if (!isAdopted(tape)) {
    const message = 'The tape is older than Oven, and stays as it is: only its user can have it baked.';
    return json(200, { ...said, mp4Status: tape.mp4Status ?? 'pending', message });
  }
  const known =
    !givenUp &&
    !publishes &&
    (tape.mp4Status === 'complete' || (tape.mp4Status === 'pending' && tape.oven?.jobId !== undefined));
  const submission = known ? 'accepted' : await submit(services, tape, deadline);
  const status = {
    accepted: 'pending',
    waiting: 'pending',
    busy: 'oven-failed',
    refused: 'oven-failed',
  } as const;
  return json(200, {
    ...said,
    mp4Status: tape.mp4Status === 'complete' ? 'complete' : status[submission],
    ...(submission !== 'accepted' && {
      retryable: true,
      message: 'The tape is kept, and its video made later.',
    }),
  });
}

/**
 * Adopts an older document when its user sends it again. A guest can't adopt one, because guests have no identity. Throws 410 for a nuked
 * tape and 409 for an excluded one.
 */
async function adoptIfOwner({ log, tapes }: Services, tape: Tape, who: Identity): Promise<Tape> {
  if (tape.nuked) throw new HttpError(410, 'TAPE_NUKED', 'This tape was taken down.');
  const why = exclusionOf(tape);
  if (why !== undefined) throw new HttpError(409, 'TAPE_EXCLUDED', `This tape is left alone: it is ${why}.`);
  if (isAdopted(tape) || who.kind !== 'user') return tape;
  log('info', 'TAPE_ADOPTED', { mongoId: idOf(tape), slug: tape.slug, was: tape.mp4Status });
  return tapes.adopt(tape, who.sub);
}

/** The owner and the bucket of a tape. Throws 401 for a user's slug without a login, and 403 for another user's slug. */
function identifyTape({ config, log }: Services, slug: string, who: Identity): NewTape {
  const owner = slug.includes('/') ? slug.slice(0, slug.lastIndexOf('/')) : undefined;
  if (who.kind === 'user') {
    if (owner !== undefined && owner !== who.sub)
      throw new HttpError(403, 'NOT_YOURS', 'This is another user’s tape.');
    return { slug, bucket: config.zips.user.name, user: who.sub };
  }
  if (owner !== undefined || USER_SLUG.test(slug)) {
    const code = who.kind === 'invalid' ? 'TOKEN_INVALID' : 'LOGIN_NEEDED';
    throw new HttpError(401, code, 'This is a user’s tape: log in (again) and send it once more.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  if (who.kind === 'invalid') log('warn', 'TOKEN_INVALID', { slug, as: 'guest' });
  return { slug, bucket: config.zips.guest.name };
}

/** The tape with the slug that its ZIP has in the bucket. Throws 404 when there is no ZIP. */
async function findUpload({ zips }: Services, tape: NewTape, deadline: Deadline): Promise<NewTape> {
  // Clients have sent slugs with the Z of an ISO time, and uploaded ZIPs without it.
  const bare = USER_SLUG.test(ovenSlug(tape)) ? tape.slug.replace(/Z$/, '') : tape.slug;
  for (const slug of new Set([bare, tape.slug])) {
    const candidate = { ...tape, slug };
    if (await zips.has(candidate, within(5, deadline))) return candidate;
  }
  throw new HttpError(404, 'ZIP_NOT_FOUND', 'There is no such upload: send the ZIP first.');
}
