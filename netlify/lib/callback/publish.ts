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

/** How publishing ended: with a record, without one for good, or because the tape or the bake needs no work. */
export type Outcome = Sync['status'] | 'superseded' | 'nuked' | 'left-alone';

/** The MP4 of a bake. `bake` is the webhook-id of its callback. */
export type Delivery = Omit<Success, 'secret'> & { readonly bake: string };

/**
 * Publishes the MP4 of a tape in MongoDB and the PDS. It continues where an earlier delivery stopped, and holds the tape's lease. Throws
 * HttpError: 5xx with Retry-After when the same delivery may succeed later.
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
      const shown = toHttpError(error, deadline);
      await lease.save(failureChanges(lease.tape(), delivery, shown)).catch((failed: unknown) => {
        services.log('warn', 'NOT_REMEMBERED', { mongoId: id, error: failed });
      });
      throw shown;
    }
  });
}

/** Publishes, and purges everything when the tape turns out to be nuked. */
async function publishOrPurge(
  services: Services,
  lease: TapeLease,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const state = eligibility(lease.tape());
  const outcome = state === 'work' ? await runSteps(services, lease, delivery, deadline) : state;
  if (outcome === 'nuked') await purge(services, lease, deadline);
  return outcome;
}

/** The outcome of a delivery that needs no work: the tape is excluded, or this bake or a later one is published. */
function finalOutcome(tape: Tape | undefined, { bake }: Delivery): Outcome | undefined {
  const state = tape && eligibility(tape);
  if (tape === undefined || state !== 'work') return state === 'left-alone' ? state : undefined;
  const delivered = deliveryState(tape.oven?.sync, bake);
  return delivered === 'done' ? 'complete' : delivered;
}

/** An error as the caller sees it. After the deadline any error means that the time is up. */
export function toHttpError(error: unknown, { signal }: Deadline): unknown {
  if (signal.aborted) return timeUp(error);
  if (error instanceof PdsError) return tryLater(error.code, error.message, error.retryAfter, error);
  return error;
}

/** The failure as the document keeps it: only after the MP4 is linked, because the delivery may be refused before that. */
function failureChanges(tape: Tape, { bake }: Delivery, shown: unknown): Changes {
  const { sync } = tape.oven ?? {};
  if (!(shown instanceof HttpError) || sync?.bake !== bake || eligibility(tape) !== 'work') return {};
  const fault = { code: shown.code, message: shown.message, at: new Date() };
  return { 'oven.sync.error': fault, 'oven.sync.nextAt': nextAttemptAt((sync.resends ?? 0) + 1) };
}

/** Links the URLs, uploads the blob, writes the record: a checkpoint after each. It stops when the tape is nuked or excluded meanwhile. */
async function runSteps(
  services: Services,
  lease: TapeLease,
  delivery: Delivery,
  deadline: Deadline,
): Promise<Outcome> {
  const { publish, sync } = lease.tape().oven ?? {};
  // An earlier bake is still to be published: this preview, which came late, does not end that.
  const isPending = publish !== false && sync?.status === 'pending' && sync.bake !== delivery.bake;
  const uploaded = sync?.bake === delivery.bake ? sync.blob : undefined;
  const mp4 = uploaded ? undefined : await openMp4(delivery.mp4Url, delivery.bytes, deadline.signal);
  try {
    let tape = await lease.save(mp4 ? linkChanges(lease.tape(), delivery, mp4.bytes) : {});
    let state = eligibility(tape);
    if (state !== 'work') return state;
    if (delivery.publish === false && isPending) return 'pending';
    if (delivery.publish === false || tape.oven?.publish === false) {
      return finish(lease, { status: 'not-published' });
    }
    const account = await services.accounts(tape.user);
    if (account === undefined) return finish(lease, { status: 'no-account' });
    const video = mp4 ? await sendVideo(services, account, mp4, deadline) : uploaded!;
    if ('status' in video) return finish(lease, video);
    tape = await lease.save({ 'oven.sync.blob': video });
    state = eligibility(tape);
    if (state !== 'work') return state;
    const at = await putRecord(services, lease, account, video, deadline);
    return finish(lease, { status: 'complete' }, { at, 'oven.sync.blob': undefined });
  } finally {
    await mp4?.close();
  }
}

/** The final state of a delivery. `limit` is the PDS's limit in bytes. */
interface Ending {
  readonly status: 'complete' | 'too-large' | 'no-account' | 'not-published';
  readonly limit?: number;
}

/** Uploads the MP4 to the PDS, or finds that it is too large. */
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
    // It may take less than it says, for example behind a proxy.
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
    // Without this checkpoint the next delivery uploads the blob again.
    if (error instanceof PdsError && error.code === 'PDS_BLOB_LOST')
      await lease.save({ 'oven.sync.blob': undefined });
    throw error;
  }
}

/** Links the MP4. The record follows. */
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
    // Other code of the site has ended a nuke.
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
    // A PDS may take more later: the scheduled function tries again.
    ...(status !== 'too-large' && { 'oven.sync.nextAt': undefined }),
  });
  return tape.nuked ? 'nuked' : status;
}
