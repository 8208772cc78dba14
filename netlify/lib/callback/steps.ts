import { type Deadline, within } from '../deadline.ts';
import { type Mp4, openMp4 } from '../mp4.ts';
import type { Account } from '../pds/accounts.ts';
import { PdsError } from '../pds/errors.ts';
import { MAX_VIDEO_BYTES } from '../pds/record.ts';
import type { Services } from '../services.ts';
import { nextTry } from '../tapes/backoff.ts';
import type { Hand } from '../tapes/hand.ts';
import type { Changes } from '../tapes/store.ts';
import type { AtSync, Blob, Tape } from '../tapes/tape.ts';
import type { Delivery, Outcome } from './publish.ts';

/** URLs, blob, record: each is kept before the next begins. 'nuked' as soon as the tape is found to be. */
export async function steps(
  services: Services,
  hand: Hand,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const { atSync } = hand.tape();
  const uploaded = atSync?.bake === delivery.bake ? atSync.blob : undefined;
  const mp4 = uploaded ? undefined : await openMp4(delivery.mp4Url, delivery.bytes, deadline.signal);
  try {
    let tape = await hand.save(mp4 ? linked(hand.tape(), delivery, mp4.bytes) : {});
    if (tape.nuked) return 'nuked';
    const account = await services.accounts(tape.user);
    if (account === undefined) return end(hand, { status: 'no-account' });
    const video = mp4 ? await send(services, account, mp4, deadline) : uploaded!;
    if ('status' in video) return end(hand, video);
    tape = await hand.save({ 'atSync.blob': video });
    if (tape.nuked) return 'nuked';
    const at = await put(services, hand, account, video, deadline);
    return end(hand, { status: 'complete' }, { at, 'atSync.blob': undefined });
  } finally {
    await mp4?.close();
  }
}

/** A way for a tape to be done. */
interface Ended {
  readonly status: 'complete' | 'too-large' | 'no-account';
  readonly limit?: number;
}

/** Brings the MP4 to the PDS, or finds that it can't be. */
async function send(
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

async function put({ pds }: Services, hand: Hand, account: Account, video: Blob, deadline: Deadline) {
  try {
    return await pds.put(account, hand.tape(), video, deadline.signal);
  } catch (error) {
    // Without the checkpoint, the next delivery uploads it again.
    if (error instanceof PdsError && error.code === 'PDS_BLOB_LOST')
      await hand.save({ 'atSync.blob': undefined });
    throw error;
  }
}

/** The MP4 is there, and everybody may see it; the record is still to come. */
function linked({ atSync }: Tape, delivery: Delivery, bytes: number): Changes {
  const superseded = atSync === undefined || atSync.bake === delivery.bake ? [] : [atSync.bake];
  const { bake, mp4Url, thumbnailUrl, width, height, duration } = delivery;
  const sync: AtSync = {
    ...{ status: 'pending', bake, bytes, nextAt: nextTry((atSync?.resends ?? 0) + 1) },
    superseded: [...(atSync?.superseded ?? []), ...superseded].slice(-20),
    ...(atSync?.bake === bake && atSync.resends !== undefined && { resends: atSync.resends }),
  };
  return {
    ...{ mp4Url, thumbnailUrl, mp4Status: 'complete' },
    ...(atSync?.bake !== bake && { mp4CompletedAt: new Date() }),
    ...{ mp4: { width, height, duration, bytes }, mp4Error: undefined, mp4FailedAt: undefined },
    ...{ atSync: sync, 'oven.error': undefined, 'oven.gaveUpAt': undefined },
  };
}

async function end(hand: Hand, { status, limit }: Ended, changes: Changes = {}): Promise<Outcome> {
  const tape = await hand.save({
    ...{ ...changes, 'atSync.status': status, 'atSync.limit': limit },
    ...{ 'atSync.error': undefined, 'atSync.gaveUpAt': undefined },
    // A PDS that takes more one day is asked again.
    ...(status !== 'too-large' && { 'atSync.nextAt': undefined }),
  });
  return tape.nuked ? 'nuked' : status;
}
