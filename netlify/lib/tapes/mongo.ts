import { type Collection, type Filter, MongoServerError, ObjectId, type UpdateFilter } from 'mongodb';
import type { Log } from '../log.ts';
import { nextTry } from './backoff.ts';
import { newCode } from './code.ts';
import { dueQuery } from './due.ts';
import { type Changes, type Tapes, unfinished } from './store.ts';
import type { NewTape, Tape } from './tape.ts';

const DUPLICATE_KEY = 11000;
const MAX_CODES = 60;

/** Keeps tapes in a collection of MongoDB. `prepare` makes the indexes once for each start of a function. */
export function mongoTapes(tapes: Collection<Tape>, prepare: () => Promise<void>): Tapes {
  const one = (id: string) => ({ _id: new ObjectId(id) });
  const owned = (id: string, owner: string) => ({ ...one(id), 'lease.owner': owner });
  return {
    add: async (tape) => {
      await prepare();
      for (let attempt = 0; ; attempt += 1) {
        const added = await insert(tapes, tape, newCode(attempt));
        if (added !== 'code') return added;
        if (attempt >= MAX_CODES) throw new Error('There is no free code left.');
      }
    },

    find: async (id) => (await tapes.findOne(one(id))) ?? undefined,

    findBySlug: async (slug, user) => (await tapes.findOne({ slug, user })) ?? undefined,

    handedOver: async (id, state, fault) => {
      const status = fault
        ? { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at }
        : { mp4Status: 'pending', mp4Error: undefined, mp4FailedAt: undefined, 'oven.gaveUpAt': undefined };
      const filter = { ...one(id), mp4Status: { $ne: 'complete' as const }, nuked: { $ne: true } };
      await tapes.updateOne(
        filter,
        change({ ...status, ...under('oven', { ...state, error: fault, failedBy: undefined }) }),
      );
    },

    bakeFailed: async (id, delivery, fault) => {
      const filter = {
        ...{ ...one(id), mp4Status: { $ne: 'complete' as const } },
        ...{ nuked: { $ne: true }, 'oven.failedBy': { $ne: delivery } },
      };
      const status = { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at };
      await tapes.updateOne(filter, change({ ...status, 'oven.error': fault, 'oven.failedBy': delivery }));
    },

    lease: async (id, owner, until) => {
      const free = [{ lease: { $exists: false } }, { 'lease.until': { $lte: new Date() } }];
      const leased = await tapes.findOneAndUpdate(
        { ...one(id), $or: free },
        { $set: { lease: { owner, until } } },
        { returnDocument: 'after' },
      );
      if (leased !== null) return leased;
      return (await tapes.findOne(one(id), { projection: { _id: 1 } })) === null ? undefined : 'busy';
    },

    checkpoint: async (id, owner, changes) => {
      // With the owner there is something to set even when nothing changes.
      const update = change({ 'lease.owner': owner, ...changes });
      return (
        (await tapes.findOneAndUpdate(owned(id, owner), update, { returnDocument: 'after' })) ?? undefined
      );
    },

    release: async (id, owner, changes = {}) => {
      await tapes.updateOne(owned(id, owner), change({ ...changes, lease: undefined }));
    },

    setNuked: async (id, nuked) => {
      // What was published of it is gone, so that it starts anew when it comes back.
      const anew = { oven: { attempts: 0, nextAt: new Date() }, mp4Status: 'pending', purge: undefined };
      const forgotten = { at: undefined, atSync: undefined, mp4Url: undefined, thumbnailUrl: undefined };
      const changes = nuked ? { purge: { done: false } } : { ...anew, ...forgotten };
      await tapes.updateOne({ ...one(id), nuked: { $ne: nuked } }, change({ nuked, ...changes }));
    },

    sharesFiles: async ({ _id, slug }) => {
      const other = { slug, _id: { $ne: _id }, nuked: { $ne: true }, mp4Url: { $exists: true } };
      return (await tapes.findOne(other, { projection: { _id: 1 } })) !== null;
    },

    due: (now, blobLimit, limit) =>
      tapes.find(dueQuery(now, blobLimit)).sort({ 'oven.nextAt': 1 }).limit(limit).toArray(),

    claim: async (tape, nextAt) => {
      const field = unfinished(tape) === 'mp4' ? 'oven' : 'atSync';
      const before = tape[field]?.nextAt;
      const name = `${field}.nextAt`;
      const filter = {
        ...{ _id: tape._id, nuked: { $ne: true } },
        [name]: before ?? { $exists: false },
        ...(field === 'oven'
          ? { mp4Status: { $ne: 'complete' as const } }
          : { 'atSync.status': { $ne: 'complete' } }),
      };
      const { modifiedCount } = await tapes.updateOne(filter, change({ [name]: nextAt }));
      return modifiedCount === 1;
    },

    resent: async ({ _id, atSync }) => {
      const resends = (atSync?.resends ?? 0) + 1;
      await tapes.updateOne(
        { _id, 'atSync.status': { $ne: 'complete' } },
        change({ 'atSync.resends': resends }),
      );
    },

    giveUp: async (tape, fault) => {
      const half = unfinished(tape);
      const filter = { _id: tape._id, nuked: { $ne: true } };
      if (half === 'mp4') {
        const status = { mp4Status: 'oven-failed', mp4Error: fault.message, mp4FailedAt: fault.at };
        const changes = { ...status, 'oven.error': fault, 'oven.gaveUpAt': fault.at };
        await tapes.updateOne({ ...filter, mp4Status: { $ne: 'complete' } }, change(changes));
      } else if (half === 'record') {
        const changes = { 'atSync.error': fault, 'atSync.gaveUpAt': fault.at };
        await tapes.updateOne({ ...filter, 'atSync.status': { $ne: 'complete' } }, change(changes));
      }
    },

    revive: async (tape) => {
      const { oven, atSync, _id } = tape;
      const anew = (name: string, count: string) =>
        under(name, { [count]: 0, nextAt: nextTry(1), gaveUpAt: undefined });
      const changes = {
        ...(oven?.gaveUpAt && anew('oven', 'attempts')),
        ...(atSync?.gaveUpAt && anew('atSync', 'resends')),
      };
      return (await tapes.findOneAndUpdate({ _id }, change(changes), { returnDocument: 'after' })) ?? tape;
    },

    unpurged: (limit) => {
      // Also those that something else of the site has nuked after they were published here.
      const some = [{ 'purge.done': false }, { purge: { $exists: false }, atSync: { $exists: true } }];
      return tapes.find({ nuked: true, $or: some }).limit(limit).toArray();
    },
  };
}

/** Adds a document; 'code' when another tape has the code. */
async function insert(tapes: Collection<Tape>, { user, metadata, ...rest }: NewTape, code: string) {
  const tape: Tape = {
    ...{ _id: new ObjectId(), code, ...rest, when: new Date(), nuked: false, kind: 'zip' },
    ...{ mp4Status: 'pending', oven: { attempts: 0, nextAt: nextTry(1) } },
    ...(user !== undefined && { user }),
    ...(metadata !== undefined && { metadata }),
  };
  try {
    await tapes.insertOne(tape);
    return { tape, created: true };
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) throw error;
    // Asked by what they are, not by the error's text, which differs between servers.
    const same = await tapes.findOne({ slug: tape.slug, user: user ?? null } as Filter<Tape>); // null: or absent
    return same === null ? ('code' as const) : { tape: same, created: false };
  }
}

/** An update that sets what has a value and takes away what is undefined. */
function change(changes: Changes): UpdateFilter<Tape> {
  const entries = Object.entries(changes);
  const set = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  const unset = Object.fromEntries(
    entries.filter(([, value]) => value === undefined).map(([key]) => [key, '']),
  );
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
  } as UpdateFilter<Tape>;
}

function under(name: string, fields: object): Changes {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${name}.${key}`, value]));
}

/** Makes the indexes that keep codes and slugs apart and find what is due; one that exists in another form stays. */
export async function makeIndexes(tapes: Collection<Tape>, log: Log): Promise<void> {
  const indexes = [
    { key: { code: 1 }, unique: true },
    { key: { slug: 1, user: 1 }, unique: true },
    { key: { mp4Status: 1, 'oven.nextAt': 1 } },
  ] as const;
  for (const { key, ...options } of indexes) {
    await tapes.createIndex(key, options).catch((error: unknown) => log('warn', 'INDEX', { error }));
  }
}
