import { randomInt } from 'node:crypto';
import { type Collection, type Db, MongoClient, type UpdateFilter } from 'mongodb';
import type { Log } from '../log.ts';
import type { Changes } from './store.ts';
import type { Tape } from './tape.ts';

let open: { uri: string; client: MongoClient } | undefined;

/** Connects to the database. A function that stays warm keeps its connection. Throws when it takes longer than 5 s. */
export async function connect(uri: string, name: string): Promise<Db> {
  if (open?.uri !== uri) {
    const options = { serverSelectionTimeoutMS: 5000, connectTimeoutMS: 5000, socketTimeoutMS: 20_000 };
    open = { uri, client: new MongoClient(uri, { ...options, maxPoolSize: 5 }) };
  }
  await open.client.connect();
  return open.client.db(name);
}

/** Closes the connection, so that a program can end. */
export async function disconnect(): Promise<void> {
  const last = open;
  open = undefined;
  await last?.client.close();
}

/** An update that sets fields with a value and removes fields that are undefined. */
export function toUpdate(changes: Changes): UpdateFilter<Tape> {
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

/** The same changes for fields below `name`. */
export function withPrefix(name: string, fields: object): Changes {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${name}.${key}`, value]));
}

// 0 and 1 look like o and l.
const LOWER = 'abcdefghijklmnopqrstuvwxyz23456789';
const ALL = `${LOWER}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

/** A random code for attempt 0, 1, …: three characters, from a larger alphabet after 20 collisions, four after 40. */
export function newCode(attempt: number, random: (max: number) => number = randomInt): string {
  const alphabet = attempt < 20 ? LOWER : ALL;
  const length = attempt < 40 ? 3 : 4;
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join('');
}

/** Makes the indexes for unique codes and slugs, and for due tapes. An index that exists in another form stays. */
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
