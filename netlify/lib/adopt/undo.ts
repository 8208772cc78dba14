import type { Collection, Filter } from 'mongodb';
import { toUpdate } from '../tapes/database.ts';
import { BEFORE, type Tape } from '../tapes/tape.ts';

/**
 * Makes documents that the operator adopted what they were before, and counts what became of them. A published one stays as it is, because
 * its record refers to it. Files that Oven stored meanwhile stay.
 */
export async function undoAll(
  collection: Collection<Tape>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const adopted = { 'oven.adoptedBy': 'operator' } as Filter<Tape>;
  for await (const tape of collection.find(adopted)) {
    if (signal.aborted) break;
    const outcome = await undo(collection, tape);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

async function undo(collection: Collection<Tape>, { _id, oven = {} }: Tape): Promise<string> {
  if (oven.sync?.status === 'complete') return 'published, left as it is';
  if (oven.purge !== undefined) return 'taken down, left as it is';
  const before = oven.before ?? {};
  const fields = Object.fromEntries(BEFORE.map((field) => [field, before[field]]));
  const unchanged = { _id, 'oven.adoptedAt': oven.adoptedAt, 'oven.sync.status': { $ne: 'complete' } };
  const update = toUpdate({ ...fields, oven: undefined });
  const { modifiedCount } = await collection.updateOne(unchanged as Filter<Tape>, update);
  return modifiedCount === 1 ? 'as before' : 'changed meanwhile, left as it is';
}
