import { type Deadline, within } from './deadline.ts';
import { tryLater } from './http.ts';
import type { Services } from './services.ts';
import { type TapeLease, withTapeLease } from './tapes/lease.ts';
import { fileNames, storedName } from './tapes/names.ts';
import type { Changes } from './tapes/store.ts';
import { idOf, type Part, type Tape } from './tapes/tape.ts';

/** Purges a nuked tape; false when the scheduled function has to finish it. */
export async function tryPurge(services: Services, id: string, deadline: Deadline): Promise<boolean> {
  try {
    await withTapeLease(services, id, deadline, async (lease) => {
      if (lease.tape().nuked) await purge(services, lease, deadline);
    });
    return true;
  } catch (error) {
    services.log('warn', 'NOT_PURGED', { mongoId: id, error });
    return false;
  }
}

/** Removes the record and Oven's files of a nuked tape. Throws 503 when Oven can't do it now, and PdsError when the PDS can't. */
export async function purge(services: Services, lease: TapeLease, deadline: Deadline): Promise<void> {
  const { config, log } = services;
  let tape = await lease.save({ 'oven.purge.done': false });
  const removed = new Set<Part>(tape.oven?.purge?.removed);
  if (await removeRecord(services, tape, deadline)) {
    if (recordOf(tape) !== undefined) removed.add('record');
    const noted = { 'oven.purge.removed': [...removed] };
    tape = await lease.save({ at: undefined, 'oven.sync.blob': undefined, ...noted });
  }
  if (await removeFiles(services, tape, deadline)) removed.add('files');
  const stays = await remaining(services, tape, deadline);
  await lease.save({
    'oven.purge': { done: true, removed: [...removed], stays },
    ...deadLinks(config.blobs, tape),
  });
  log('info', 'TAPE_PURGED', { mongoId: lease.id, slug: tape.slug, removed: [...removed], stays });
}

/** The record's key in the document. */
function recordOf({ at, atproto }: Tape): string | undefined {
  return at?.rkey ?? atproto?.rkey;
}

/** False when there is no record, or no account that may remove it. */
async function removeRecord({ accounts, pds }: Services, tape: Tape, deadline: Deadline): Promise<boolean> {
  // With a blob there may be a record that a killed function could not note.
  if (recordOf(tape) === undefined && tape.oven?.sync?.blob === undefined) return false;
  const account = await accounts(tape.user);
  if (account !== undefined) await pds.remove(account, tape, within(10, deadline));
  return account !== undefined;
}

/** Whether there were files to remove. */
async function removeFiles({ config, oven }: Services, tape: Tape, deadline: Deadline): Promise<boolean> {
  const owner = idOf(tape);
  let any = storedName(config.blobs, tape.mp4Url) !== undefined;
  for (const file of fileNames(config.blobs, tape)) {
    const files = await oven?.purge(file, owner, within(20, deadline));
    if (files === undefined) {
      throw tryLater('NOT_PURGED', 'The files of a nuked tape could not be removed yet.', 60);
    }
    any ||= files.length > 0;
  }
  return any;
}

/** The parts that Oven may not remove. */
async function remaining(
  { accounts, config, zips }: Services,
  tape: Tape,
  deadline: Deadline,
): Promise<Part[]> {
  const isVideo = typeof tape.mp4Url === 'string' && storedName(config.blobs, tape.mp4Url) === undefined;
  // This is only reported, so a storage that does not answer must not fail the purge.
  const isZip = await zips.has(tape, within(5, deadline)).catch(() => false);
  const isRecord = recordOf(tape) !== undefined && (await accounts(tape.user)) === undefined;
  return [
    ...(isZip ? ['zip'] : []),
    ...(isVideo ? ['video'] : []),
    ...(isRecord ? ['record'] : []),
  ] as Part[];
}

/** Removes links to removed files. Links to other places stay. */
function deadLinks(bases: readonly URL[], tape: Tape): Changes {
  const fields = ['mp4Url', 'thumbnailUrl'] as const;
  const dead = fields.filter((field) => storedName(bases, tape[field]) !== undefined);
  return Object.fromEntries(dead.map((field) => [field, undefined]));
}
