import { type Deadline, timeUp, within } from '../deadline.ts';
import { HttpError, tryLater } from '../http.ts';
import type { Account } from '../pds/accounts.ts';
import { PdsError } from '../pds/errors.ts';
import { MAX_VIDEO_BYTES } from '../pds/record.ts';
import { purge } from '../purge.ts';
import type { Services } from '../services.ts';
import { type Mp4, openMp4 } from '../storage.ts';
import { nextAttemptAt } from '../tapes/due.ts';
import { eligibility } from '../tapes/exclusions.ts';
import { type TapeLease, withTapeLease } from '../tapes/lease.ts';
import { type Changes, deliveryState } from '../tapes/store.ts';
import type { Blob, Sync, Tape } from '../tapes/tape.ts';
import type { Success } from './body.ts';

/** How it ended: in the PDS, for good without a record, or because the tape or the bake is no work (any more). */
export type Outcome = Sync['status'] | 'superseded' | 'nuked' | 'left-alone';

/** The MP4 of a bake, whose id is that of its callback. */
export type Delivery = Omit<Success, 'secret'> & { readonly bake: string };

/**
 * Brings the MP4 of a tape into MongoDB and the PDS, going on from where an earlier delivery was stopped. Nobody else
 * works on the tape meanwhile. Throws HttpError: 5xx with Retry-After when the same delivery may do more later.
 */
export async function publish(services: Services, delivery: Delivery, deadline: Deadline): Promise<Outcome> {
  const id = delivery.mongoId;
  const already = finalOutcome(await services.tapes.find(id), delivery);
  if (already) return already;
  return withTapeLease(services, id, deadline, async (lease) => {
    try {
      return (
        finalOutcome(lease.tape(), delivery) ?? (await publishOrPurge(services, lease, delivery, deadline))
      );
    } catch (error) {
      const told = toHttpError(error, deadline);
      await lease.save(failureChanges(lease.tape(), delivery, told)).catch((failed: unknown) => {
        services.log('warn', 'NOT_REMEMBERED', { mongoId: id, error: failed });
      });
      throw told;
    }
  });
}

/** Steps until the end, or until the tape is found nuked: then all that was published goes. */
async function publishOrPurge(
  services: Services,
  lease: TapeLease,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const stands = eligibility(lease.tape());
  const outcome = stands === 'work' ? await runSteps(services, lease, delivery, deadline) : stands;
  if (outcome === 'nuked') await purge(services, lease, deadline);
  return outcome;
}

/** What needs no work: the tape is none, this bake is in the PDS, or a later one is. */
function finalOutcome(tape: Tape | undefined, { bake }: Delivery): Outcome | undefined {
  const stands = tape && eligibility(tape);
  if (tape === undefined || stands !== 'work') return stands === 'left-alone' ? stands : undefined;
  const state = deliveryState(tape.oven?.sync, bake);
  return state === 'done' ? 'complete' : state;
}

/** What is thrown, as an answer: running out of time shows itself as all sorts of errors. */
export function toHttpError(error: unknown, { signal }: Deadline): unknown {
  if (signal.aborted) return timeUp(error);
  if (error instanceof PdsError) return tryLater(error.code, error.message, error.retryAfter, error);
  return error;
}

/** What the document keeps of a failure: nothing before its MP4 was seen, since that may be a delivery that is refused. */
function failureChanges(tape: Tape, { bake }: Delivery, told: unknown): Changes {
  const { sync } = tape.oven ?? {};
  if (!(told instanceof HttpError) || sync?.bake !== bake || eligibility(tape) !== 'work') return {};
  const fault = { code: told.code, message: told.message, at: new Date() };
  return { 'oven.sync.error': fault, 'oven.sync.nextAt': nextAttemptAt((sync.resends ?? 0) + 1) };
}

/** URLs, blob, record: each is kept before the next begins. Ends as soon as the tape is found to be nuked, or no work any more. */
export async function runSteps(
  services: Services,
  lease: TapeLease,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const { sync } = lease.tape().oven ?? {};
  const uploaded = sync?.bake === delivery.bake ? sync.blob : undefined;
  const mp4 = uploaded ? undefined : await openMp4(delivery.mp4Url, delivery.bytes, deadline.signal);
  try {
    let tape = await lease.save(mp4 ? linkChanges(lease.tape(), delivery, mp4.bytes) : {});
    let stands = eligibility(tape);
    if (stands !== 'work') return stands;
    if (tape.oven?.publish === false) return finish(lease, { status: 'not-published' });
    const account = await services.accounts(tape.user);
    if (account === undefined) return finish(lease, { status: 'no-account' });
    const video = mp4 ? await sendVideo(services, account, mp4, deadline) : uploaded!;
    if ('status' in video) return finish(lease, video);
    tape = await lease.save({ 'oven.sync.blob': video });
    stands = eligibility(tape);
    if (stands !== 'work') return stands;
    const at = await putRecord(services, lease, account, video, deadline);
    return finish(lease, { status: 'complete' }, { at, 'oven.sync.blob': undefined });
  } finally {
    await mp4?.close();
  }
}

/** A way for a tape to be done. */
interface Ending {
  readonly status: 'complete' | 'too-large' | 'no-account' | 'not-published';
  readonly limit?: number;
}

/** Brings the MP4 to the PDS, or finds that it can't be. */
export async function sendVideo(
  { pds }: Services,
  account: Account,
  mp4: Mp4,
  deadline: Deadline,
): Promise<Blob | Ending> {
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
  lease: TapeLease,
  account: Account,
  video: Blob,
  deadline: Deadline,
) {
  try {
    return await pds.put(account, lease.tape(), video, deadline.signal);
  } catch (error) {
    // Without the checkpoint, the next delivery uploads it again.
    if (error instanceof PdsError && error.code === 'PDS_BLOB_LOST')
      await lease.save({ 'oven.sync.blob': undefined });
    throw error;
  }
}

/** The MP4 is there, and everybody may see it; the record is still to come. */
function linkChanges({ oven }: Tape, delivery: Delivery, bytes: number): Changes {
  const before = oven?.sync;
  const { bake, mp4Url, thumbnailUrl, width, height, duration } = delivery;
  const isNew = before?.bake !== bake;
  const superseded = before === undefined || !isNew ? [] : [before.bake];
  const sync: Sync = {
    status: 'pending',
    bake,
    bytes,
    nextAt: nextAttemptAt((before?.resends ?? 0) + 1),
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

async function finish(lease: TapeLease, { status, limit }: Ending, changes: Changes = {}): Promise<Outcome> {
  const tape = await lease.save({
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
