import { putRecord, sendVideo, toHttpError } from './callback/publish.ts';
import { type Deadline, within } from './deadline.ts';
import { HttpError, json } from './http.ts';
import type { Identity } from './identity.ts';
import { tryPurge } from './purge.ts';
import type { Services } from './services.ts';
import { openMp4 } from './storage.ts';
import { submit } from './submit.ts';
import { isAdopted, isHidden } from './tapes/exclusions.ts';
import { withTapeLease } from './tapes/lease.ts';
import type { Changes } from './tapes/store.ts';
import { idOf, type Tape } from './tapes/tape.ts';

/** Takes a user's tape down or brings it back. The response lists what was removed and what stays, or what comes back. */
export async function nuke(
  services: Services,
  { slug, nuke }: { slug: string; nuke: boolean },
  who: Identity,
  deadline: Deadline,
): Promise<Response> {
  if (who.kind !== 'user') throw new HttpError(401, 'LOGIN_NEEDED', 'Log in to take a tape down.');
  const tape = await services.tapes.findBySlug(slug, who.sub);
  if (tape === undefined) throw new HttpError(404, 'TAPE_UNKNOWN', 'There is no such tape of yours.');
  const said = nuke ? await takeDown(services, tape, deadline) : await bringBack(services, tape, deadline);
  return json(200, { slug, nuked: nuke, ...said });
}

/** Removes record, files and history. The scheduled function removes later what can't be removed now. */
async function takeDown(services: Services, tape: Tape, deadline: Deadline): Promise<object> {
  const id = idOf(tape);
  await services.tapes.nuke(id);
  const isDone = tape.nuked === true && tape.oven?.purge?.done === true;
  if (!isDone) await tryPurge(services, id, deadline);
  const { done = false, removed = [], stays = [] } = (await services.tapes.find(id))?.oven?.purge ?? {};
  return { purged: done, removed, stays };
}

/**
 * What comes back of a tape. A video is kept, or Oven bakes it again; it waits for that while the tape is hidden. A part is gone when it
 * can't be made again.
 */
interface BroughtBack {
  readonly video: 'kept' | 'baked-anew' | 'waits' | 'gone';
  readonly record?: 'written-anew' | 'gone';
}

type VideoState = Exclude<BroughtBack['video'], 'waits'>;

/** Makes a nuked tape a normal one again. Throws 409 during its purge, and 503 when a service that it needs does not answer. */
export async function bringBack(services: Services, tape: Tape, deadline: Deadline): Promise<BroughtBack> {
  if (tape.nuked !== true) return { video: 'kept' };
  if (tape.oven?.purge?.done === false) throw stillPurging();
  const video = await findVideo(services, tape, deadline);
  const lacksRecord = tape.oven?.purge?.removed?.includes('record') ?? false;
  if (video === 'kept' && lacksRecord)
    return { video, record: await bringBackWithRecord(services, tape, deadline) };
  const back = await services.tapes.bringBack(idOf(tape), CHANGES[video](tape));
  if (back === undefined) throw stillPurging();
  if (video !== 'baked-anew') return { video };
  if (isHidden(back)) return { video: 'waits' };
  await submit(services, back, deadline);
  return { video };
}

/** Whether a video is left, or Oven can make it from the ZIP. */
async function findVideo({ zips }: Services, tape: Tape, deadline: Deadline): Promise<VideoState> {
  const { purge } = tape.oven ?? {};
  const isUntouched = purge === undefined || (!isAdopted(tape) && (purge.removed ?? []).length === 0);
  const isNoZip = ['mp4', 'ac-native'].some((what) => what === tape.kind || what === tape.source);
  if (isUntouched || isNoZip || tape.mp4Url !== undefined) return 'kept';
  if (await zips.has(tape, within(5, deadline))) return 'baked-anew';
  return typeof tape.mp4 === 'string' ? 'kept' : 'gone';
}

/** Changes of the document when the tape comes back. */
const CHANGES: Readonly<Record<VideoState, (tape: Tape) => Changes>> = {
  kept: (tape) => (isAdopted(tape) ? { 'oven.purge': undefined } : { oven: undefined }),
  gone: () => ({
    'oven.purge': undefined,
    mp4Status: 'oven-failed',
    mp4FailedAt: new Date(),
    mp4Error: 'The tape was taken down, and its ZIP is gone: its video can’t be made again.',
    'oven.gaveUpAt': new Date(),
  }),
  'baked-anew': ({ oven = {} }) => {
    const { adoptedAt, metadata, purge, publish } = oven;
    // A tape that had no record and was not adopted gets no record now.
    const isPublic = publish ?? (adoptedAt !== undefined || (purge?.removed?.includes('record') ?? false));
    const fresh = { adoptedAt: adoptedAt ?? new Date(), attempts: 0, nextAt: new Date() };
    return {
      oven: { ...fresh, ...(metadata && { metadata }), ...(!isPublic && { publish: false }) },
      mp4Status: 'pending',
      mp4Error: undefined,
      mp4FailedAt: undefined,
    };
  },
};

/** Writes the record again for a video that is not Oven's. It does so before the tape is back, so a failure loses nothing. */
async function bringBackWithRecord(
  services: Services,
  tape: Tape,
  deadline: Deadline,
): Promise<'written-anew' | 'gone'> {
  const id = idOf(tape);
  return withTapeLease(services, id, deadline, async (lease) => {
    try {
      const found = await uploadStoredVideo(services, lease.tape(), deadline);
      // If this function is killed, the scheduled one removes the record again.
      if (found) await lease.save({ 'oven.purge.done': false });
      const at = found && (await putRecord(services, lease, found.account, found.video, deadline));
      await lease.save({ nuked: false, 'oven.purge': undefined, ...(at && { at }) });
      return at ? 'written-anew' : 'gone';
    } catch (error) {
      throw toHttpError(error, deadline);
    }
  });
}

/** Uploads a video of the site's storage to the PDS; undefined for a video elsewhere and for one that is too large. */
async function uploadStoredVideo(services: Services, tape: Tape, deadline: Deadline) {
  const { accounts, config } = services;
  const places = [config.zips.user.url, config.zips.guest.url, ...config.blobs];
  const isOurs = places.some(({ href }) => tape.mp4Url?.startsWith(`${href.replace(/\/$/, '')}/`));
  const account = await accounts(tape.user);
  if (!isOurs || account === undefined || isHidden(tape)) return undefined;
  const mp4 = await openMp4(tape.mp4Url ?? '', undefined, deadline.signal);
  try {
    const video = await sendVideo(services, account, mp4, deadline);
    return 'status' in video ? undefined : { account, video };
  } finally {
    await mp4.close();
  }
}

function stillPurging(): HttpError {
  const headers = { 'retry-after': '600' };
  return new HttpError(409, 'STILL_PURGING', 'The tape is still being removed.', { headers });
}
