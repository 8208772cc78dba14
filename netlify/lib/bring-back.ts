import { asAnswer } from './callback/publish.ts';
import { putRecord, sendVideo } from './callback/steps.ts';
import { type Deadline, within } from './deadline.ts';
import { HttpError } from './errors.ts';
import { openMp4 } from './mp4.ts';
import type { Services } from './services.ts';
import { submit } from './submit.ts';
import { isHidden, isOurs } from './tapes/exclusions.ts';
import { withTape } from './tapes/hand.ts';
import type { Changes } from './tapes/store.ts';
import type { Tape } from './tapes/tape.ts';
import { hasZip, zipUrl } from './zip.ts';

/**
 * What comes back of a tape: its video as it was, or to be baked anew, which 'waits' while nobody is to see the tape; its record;
 * 'gone' is what nobody can make again.
 */
interface Back {
  readonly video: 'kept' | 'baked-anew' | 'waits' | 'gone';
  readonly record?: 'written-anew' | 'gone';
}

type Left = Exclude<Back['video'], 'waits'>;

/** Ends that a tape is nuked. Throws 409 while it is still being removed, 503 when what it needs can't be reached now. */
export async function bringBack(services: Services, tape: Tape, deadline: Deadline): Promise<Back> {
  if (tape.nuked !== true) return { video: 'kept' };
  if (tape.oven?.purge?.done === false) throw stillPurging();
  const video = await videoOf(services, tape, deadline);
  const lacksRecord = tape.oven?.purge?.removed?.includes('record') ?? false;
  if (video === 'kept' && lacksRecord) return { video, record: await withRecord(services, tape, deadline) };
  const back = await services.tapes.bringBack(tape._id.toHexString(), CHANGES[video](tape));
  if (back === undefined) throw stillPurging();
  if (video !== 'baked-anew') return { video };
  if (isHidden(back)) return { video: 'waits' };
  await submit(services, back, deadline);
  return { video };
}

/** Whether a video is left, or can be made from the ZIP. */
async function videoOf({ config }: Services, tape: Tape, deadline: Deadline): Promise<Left> {
  const { purge } = tape.oven ?? {};
  const isUntouched = purge === undefined || (!isOurs(tape) && (purge.removed ?? []).length === 0);
  const isNoZip = ['mp4', 'ac-native'].some((what) => what === tape.kind || what === tape.source);
  if (isUntouched || isNoZip || tape.mp4Url !== undefined) return 'kept';
  if (await hasZip(zipUrl(config.zips, tape), within(5, deadline))) return 'baked-anew';
  return typeof tape.mp4 === 'string' ? 'kept' : 'gone';
}

/** What a document says when it is back. */
const CHANGES: Readonly<Record<Left, (tape: Tape) => Changes>> = {
  kept: (tape) => (isOurs(tape) ? { 'oven.purge': undefined } : { oven: undefined }),
  gone: () => ({
    'oven.purge': undefined,
    mp4Status: 'oven-failed',
    mp4FailedAt: new Date(),
    mp4Error: 'The tape was taken down, and its ZIP is gone: its video can’t be made again.',
    'oven.gaveUpAt': new Date(),
  }),
  'baked-anew': ({ oven = {} }) => {
    const { adoptedAt, metadata, purge, publish } = oven;
    // One that had no record, and was not Oven's, gets none that nobody asked for.
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

/** Writes the record of a tape anew, whose video is not Oven's, before it is back: nothing is lost when this fails. */
async function withRecord(
  services: Services,
  tape: Tape,
  deadline: Deadline,
): Promise<'written-anew' | 'gone'> {
  const id = tape._id.toHexString();
  return withTape(services, id, deadline, async (hand) => {
    try {
      const found = await upload(services, hand.tape(), deadline);
      // Whatever becomes of this function: until it has ended, the scheduled one removes the record again.
      if (found) await hand.save({ 'oven.purge.done': false });
      const at = found && (await putRecord(services, hand, found.account, found.video, deadline));
      await hand.save({ nuked: false, 'oven.purge': undefined, ...(at && { at }) });
      return at ? 'written-anew' : 'gone';
    } catch (error) {
      throw asAnswer(error, deadline);
    }
  });
}

/** Brings a video that is where the site keeps its files to the PDS; undefined for one that is not, or is too large. */
async function upload(services: Services, tape: Tape, deadline: Deadline) {
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
