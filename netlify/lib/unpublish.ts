import { type Deadline, within } from './deadline.ts';
import { tryLater } from './errors.ts';
import type { Services } from './services.ts';
import { type Hand, withTape } from './tapes/hand.ts';

/** Takes down a nuked tape; false when something is left for the scheduled function. */
export async function unpublish(services: Services, id: string, deadline: Deadline): Promise<boolean> {
  try {
    await withTape(services, id, deadline, async (hand) => {
      if (hand.tape().nuked) await takeDown(services, hand, deadline);
    });
    return true;
  } catch (error) {
    services.log('warn', 'NOT_PURGED', { mongoId: id, error });
    return false;
  }
}

/** Removes the record and the files of a nuked tape. Throws 503 when Oven, or PdsError when the PDS, can't do it now. */
export async function takeDown(services: Services, hand: Hand, deadline: Deadline): Promise<void> {
  const { accounts, log, oven, pds, tapes } = services;
  const tape = await hand.save({ 'purge.done': false });
  // With the blob there may be a record that nobody had the time to note.
  if (tape.at !== undefined || tape.atSync?.blob !== undefined) {
    const account = await accounts(tape.user);
    if (account !== undefined) await pds.remove(account, tape, within(10, deadline));
    await hand.save({ at: undefined, 'atSync.blob': undefined });
  }
  if (await tapes.sharesFiles(tape)) {
    log('warn', 'FILES_KEPT', { mongoId: hand.id, slug: tape.slug, why: 'another tape has them' });
  } else if (!(await oven?.purge(tape.slug, within(20, deadline)))) {
    throw tryLater('NOT_PURGED', 'The files of a nuked tape could not be removed yet.', 60);
  }
  await hand.save({ 'purge.done': true, mp4Url: undefined, thumbnailUrl: undefined });
  log('info', 'TAPE_PURGED', { mongoId: hand.id, slug: tape.slug });
}
