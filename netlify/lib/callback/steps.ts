import { type Deadline, within } from '../deadline.ts';
import { type Mp4, openMp4 } from '../mp4.ts';
import type { Account } from '../pds/accounts.ts';
import { PdsError } from '../pds/errors.ts';
import { MAX_VIDEO_BYTES } from '../pds/record.ts';
import type { Services } from '../services.ts';
import { nextTry } from '../tapes/backoff.ts';
import { standing } from '../tapes/exclusions.ts';
import type { Hand } from '../tapes/hand.ts';
import type { Changes } from '../tapes/store.ts';
import type { Blob, Sync, Tape } from '../tapes/tape.ts';
import type { Delivery, Outcome } from './publish.ts';

/** URLs, blob, record: each is kept before the next begins. Ends as soon as the tape is found to be nuked, or no work any more. */
export async function steps(
  services: Services,
  hand: Hand,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const { sync } = hand.tape().oven ?? {};
  const uploaded = sync?.bake === delivery.bake ? sync.blob : undefined;
  const mp4 = uploaded ? undefined : await openMp4(delivery.mp4Url, delivery.bytes, deadline.signal);
  try {
    let tape = await hand.save(mp4 ? linked(hand.tape(), delivery, mp4.bytes) : {});
    let stands = standing(tape);
    if (stands !== 'work') return stands;
    if (tape.oven?.publish === false) return end(hand, { status: 'not-published' });
    const account = await services.accounts(tape.user);
    if (account === undefined) return end(hand, { status: 'no-account' });
    const video = mp4 ? await sendVideo(services, account, mp4, deadline) : uploaded!;
    if ('status' in video) return end(hand, video);
    tape = await hand.save({ 'oven.sync.blob': video });
    stands = standing(tape);
    if (stands !== 'work') return stands;
    const at = await putRecord(services, hand, account, video, deadline);
    return end(hand, { status: 'complete' }, { at, 'oven.sync.blob': undefined });
  } finally {
    await mp4?.close();
  }
}

/** A way for a tape to be done. */
interface Ended {
  readonly status: 'complete' | 'too-large' | 'no-account' | 'not-published';
  readonly limit?: number;
}

/** Brings the MP4 to the PDS, or finds that it can't be. */
export async function sendVideo(
  { pds }: Services,
  account: Account,
  mp4: Mp4,
  deadline: Deadline,
): Promise<Blob | Ended> {
  const says = await pds.blobLimit(within(5, deadline));
  const limit = Math.min(says ?? MAX_VIDEO_BYTES, MAX_VIDEO_BYTES);
  if (mp4.bytes > limit) return { status: 'too-large', limit };
  const bytes = await mp4.read();
  try {
    return await pds.upload(account, bytes, deadline.signal);
  } catch (error) {
    // It may take less than it says, as a proxy before it does.
    if (error instanceof PdsError && error.code === 'PDS_TOO_LARGE') return { status: 'too-large', limit };
    throw error;
  }
}

/** Writes the record of a tape. Throws PdsError. */
export async function putRecord(
  { pds }: Services,
  hand: Hand,
  account: Account,
  video: Blob,
  deadline: Deadline,
) {
  try {
    return await pds.put(account, hand.tape(), video, deadline.signal);
  } catch (error) {
    // Without the checkpoint, the next delivery uploads it again.
    if (error instanceof PdsError && error.code === 'PDS_BLOB_LOST')
      await hand.save({ 'oven.sync.blob': undefined });
    throw error;
  }
}

/** The MP4 is there, and everybody may see it; the record is still to come. */
function linked({ oven }: Tape, delivery: Delivery, bytes: number): Changes {
  const before = oven?.sync;
  const { bake, mp4Url, thumbnailUrl, width, height, duration } = delivery;
  const isNew = before?.bake !== bake;
  const superseded = before === undefined || !isNew ? [] : [before.bake];
  const sync: Sync = {
    status: 'pending',
    bake,
    bytes,
    nextAt: nextTry((before?.resends ?? 0) + 1),
    superseded: [...(before?.superseded ?? []), ...superseded].slice(-20),
    ...(!isNew && before.resends !== undefined && { resends: before.resends }),
  };
  return {
    mp4Url,
    thumbnailUrl,
    mp4Status: 'complete',
    mp4Error: undefined,
    mp4FailedAt: undefined,
    ...(isNew && { mp4CompletedAt: new Date() }),
    'oven.mp4': { width, height, duration, bytes },
    'oven.sync': sync,
    'oven.error': undefined,
    'oven.gaveUpAt': undefined,
    // Of a nuke that something else of the site took back.
    'oven.purge': undefined,
  };
}

async function end(hand: Hand, { status, limit }: Ended, changes: Changes = {}): Promise<Outcome> {
  const tape = await hand.save({
    ...changes,
    'oven.sync.status': status,
    'oven.sync.limit': limit,
    'oven.sync.error': undefined,
    'oven.sync.gaveUpAt': undefined,
    // A PDS that takes more one day is asked again.
    ...(status !== 'too-large' && { 'oven.sync.nextAt': undefined }),
  });
  return tape.nuked ? 'nuked' : status;
}
