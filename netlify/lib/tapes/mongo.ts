import { type Collection, type Filter, MongoServerError, ObjectId } from 'mongodb';
import { newCode, toUpdate, withPrefix } from './database.ts';
import { dueQuery, nextAttemptAt } from './due.ts';
import { ADOPTED, ELIGIBLE, NOT_EXCLUDED } from './exclusions.ts';
import { slugForms } from './names.ts';
import { type TapeStore, unfinishedPart } from './store.ts';
import { BEFORE, type NewTape, type Tape } from './tape.ts';

const DUPLICATE_KEY = 11000;
const MAX_CODES = 60;
const KNOWN_STATUSES = ['pending', 'oven-failed', 'complete'];
const UNFINISHED = { mp4Status: { $ne: 'complete' } };
const UNPUBLISHED = { 'oven.sync.status': { $ne: 'complete' } } as const;

/** Keeps tapes in a collection of MongoDB. `prepare` makes the indexes once per start of a function. */
export function openTapeStore(tapes: Collection<Tape>, prepare: () => Promise<void>): TapeStore {
  const one = (id: string) => ({ _id: new ObjectId(id) });
  const owned = (id: string, owner: string) => ({ ...one(id), 'oven.lease.owner': owner });
  return {
    add: async (tape) => {
      await prepare();
      // For the index, two forms of one slug are different.
      const { slug, user } = tape;
      const known =
        user === undefined ? null : await tapes.findOne({ user, slug: { $in: slugForms({ slug, user }) } });
      if (known !== null) return { tape: known, created: false };
      for (let attempt = 0; ; attempt += 1) {
        const added = await insert(tapes, tape, newCode(attempt));
        if (added !== 'code') return added;
        if (attempt >= MAX_CODES) throw new Error('There is no free code left.');
      }
    },

    find: async (id) => (await tapes.findOne(one(id))) ?? undefined,

    findBySlug: async (slug, user) =>
      (await tapes.findOne({ user, slug: { $in: slugForms({ slug, user }) } })) ?? undefined,

    ofUser: (user) => tapes.find({ user }).sort({ _id: 1 }).toArray(),

    adopt: async (tape, user, how = {}) => {
      const { _id, mp4Status } = tape;
      const adopted = await tapes.findOneAndUpdate(
        {
          _id,
          ...NOT_EXCLUDED,
          user: user ?? null,
          mp4Status: mp4Status ?? { $exists: false },
          'oven.adoptedAt': null,
        } as Filter<Tape>,
        toUpdate({
          'oven.adoptedAt': new Date(),
          'oven.attempts': 0,
          'oven.nextAt': nextAttemptAt(1),
          ...withPrefix('oven', how),
          ...(how.adoptedBy && { 'oven.before': pick(tape, BEFORE) }),
          // Older code wrote other statuses. None of them means that there is a video.
          mp4Status: KNOWN_STATUSES.includes(mp4Status ?? '') ? mp4Status : 'pending',
        }),
        { returnDocument: 'after' },
      );
      return adopted ?? (await tapes.findOne({ _id })) ?? tape;
    },

    recordSubmission: async (id, state, fault) => {
      const status = fault
        ? { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at }
        : { mp4Status: 'pending', mp4Error: undefined, mp4FailedAt: undefined, 'oven.gaveUpAt': undefined };
      await tapes.updateOne(
        { ...one(id), ...ELIGIBLE, ...UNFINISHED },
        toUpdate({ ...status, ...withPrefix('oven', { ...state, error: fault, failedBy: undefined }) }),
      );
    },

    recordBakeFailure: async (id, delivery, fault) => {
      const filter = { ...one(id), ...ELIGIBLE, ...UNFINISHED, 'oven.failedBy': { $ne: delivery } };
      const status = { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at };
      await tapes.updateOne(filter, toUpdate({ ...status, 'oven.error': fault, 'oven.failedBy': delivery }));
    },

    lease: async (id, owner, until) => {
      const free = [{ 'oven.lease': { $exists: false } }, { 'oven.lease.until': { $lte: new Date() } }];
      const leased = await tapes.findOneAndUpdate(
        { ...one(id), $or: free },
        { $set: { 'oven.lease': { owner, until } } },
        { returnDocument: 'after' },
      );
      if (leased !== null) return leased;
      return (await tapes.findOne(one(id), { projection: { _id: 1 } })) === null ? undefined : 'busy';
    },

    checkpoint: async (id, owner, changes) => {
      // An update must set a field; the owner is one when nothing changes.
      const update = toUpdate({ 'oven.lease.owner': owner, ...changes });
      return (
        (await tapes.findOneAndUpdate(owned(id, owner), update, { returnDocument: 'after' })) ?? undefined
      );
    },

    release: async (id, owner, changes = {}) => {
      await tapes.updateOne(owned(id, owner), toUpdate({ ...changes, 'oven.lease': undefined }));
    },

    nuke: async (id) => {
      const changes = { nuked: true, 'oven.purge': { done: false } };
      const fresh = [{ nuked: { $ne: true } }, { 'oven.purge': { $exists: false } }];
      await tapes.updateOne({ ...one(id), $or: fresh }, toUpdate(changes));
    },

    bringBack: async (id, changes) => {
      const filter = { ...one(id), nuked: true, 'oven.purge.done': { $ne: false } };
      const update = toUpdate({ nuked: false, ...changes });
      return (await tapes.findOneAndUpdate(filter, update, { returnDocument: 'after' })) ?? undefined;
    },

    due: (now, blobLimit, limit) =>
      tapes.find(dueQuery(now, blobLimit)).sort({ 'oven.nextAt': 1 }).limit(limit).toArray(),

    claim: async (tape, nextAt) => {
      const half = unfinishedPart(tape);
      const before = half === 'mp4' ? tape.oven?.nextAt : tape.oven?.sync?.nextAt;
      const name = half === 'mp4' ? 'oven.nextAt' : 'oven.sync.nextAt';
      // A time that has not come was set by another run: by its claim, between this run's query and now.
      if (before !== undefined && before > new Date()) return false;
      const filter = {
        _id: tape._id,
        ...ELIGIBLE,
        [name]: before ?? { $exists: false },
        ...(half === 'mp4' ? UNFINISHED : UNPUBLISHED),
      };
      const { modifiedCount } = await tapes.updateOne(filter, toUpdate({ [name]: nextAt }));
      return modifiedCount === 1;
    },

    countResend: async ({ _id, oven }) => {
      const resends = (oven?.sync?.resends ?? 0) + 1;
      await tapes.updateOne({ _id, ...ELIGIBLE, ...UNPUBLISHED }, toUpdate({ 'oven.sync.resends': resends }));
    },

    giveUp: async (tape, fault) => {
      const half = unfinishedPart(tape);
      const filter = { _id: tape._id, ...ELIGIBLE };
      if (half === 'mp4') {
        const status = { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at };
        const changes = { ...status, 'oven.error': fault, 'oven.gaveUpAt': fault.at };
        await tapes.updateOne({ ...filter, ...UNFINISHED }, toUpdate(changes));
      } else if (half === 'record') {
        const changes = { 'oven.sync.error': fault, 'oven.sync.gaveUpAt': fault.at };
        await tapes.updateOne({ ...filter, ...UNPUBLISHED }, toUpdate(changes));
      }
    },

    publish: async (tape) => {
      const { oven, _id, mp4Status } = tape;
      const sync = { status: 'pending', nextAt: nextAttemptAt(1), resends: 0, gaveUpAt: undefined };
      const isLinked = mp4Status === 'complete' && oven?.sync !== undefined;
      const changes = { 'oven.publish': undefined, ...(isLinked && withPrefix('oven.sync', sync)) };
      const filter = { _id, ...ELIGIBLE, 'oven.publish': false } as Filter<Tape>;
      return (await tapes.findOneAndUpdate(filter, toUpdate(changes), { returnDocument: 'after' })) ?? tape;
    },

    revive: async (tape) => {
      const { oven, _id } = tape;
      const anew = (name: string, count: string) =>
        withPrefix(name, { [count]: 0, nextAt: nextAttemptAt(1), gaveUpAt: undefined });
      const changes = {
        ...(oven?.gaveUpAt && anew('oven', 'attempts')),
        ...(oven?.sync?.gaveUpAt && anew('oven.sync', 'resends')),
      };
      const revived = { returnDocument: 'after' } as const;
      return (await tapes.findOneAndUpdate({ _id, ...ELIGIBLE }, toUpdate(changes), revived)) ?? tape;
    },

    unpurged: (limit) => {
      // This includes tapes that other code of the site has nuked.
      const some = [{ 'oven.purge.done': false }, { ...ADOPTED, 'oven.purge': { $exists: false } }];
      return tapes.find({ nuked: true, $or: some }).limit(limit).toArray();
    },
  };
}

function pick(tape: Tape, fields: readonly (keyof Tape)[]): Partial<Tape> {
  return Object.fromEntries(fields.flatMap((field) => (field in tape ? [[field, tape[field]]] : [])));
}

/** Adds a document, or finds the one with the same slug and user; 'code' when another tape has the code. */
async function insert(tapes: Collection<Tape>, added: NewTape, code: string) {
  const { user, metadata, publish, ...rest } = added;
  const tape: Tape = {
    _id: new ObjectId(),
    code,
    ...rest,
    when: new Date(),
    nuked: false,
    kind: 'zip',
    mp4Status: 'pending',
    ...(user !== undefined && { user }),
    oven: {
      adoptedAt: new Date(),
      attempts: 0,
      nextAt: nextAttemptAt(1),
      ...(metadata !== undefined && { metadata }),
      ...(publish === false && { publish }),
    },
  };
  try {
    await tapes.insertOne(tape);
    return { tape, created: true };
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) throw error;
    // It asks the database which index refused it, because the error's text differs between servers.
    const same = await tapes.findOne({ slug: tape.slug, user: user ?? null } as Filter<Tape>); // null: or absent
    return same === null ? ('code' as const) : { tape: same, created: false };
  }
}
