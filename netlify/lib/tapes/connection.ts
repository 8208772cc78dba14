import { type Db, MongoClient } from 'mongodb';

let known: { uri: string; client: MongoClient } | undefined;

/** The database; a function that stays warm keeps its connection. Throws when none can be had within 5 s. */
export async function connect(uri: string, name: string): Promise<Db> {
  if (known?.uri !== uri) {
    const options = { serverSelectionTimeoutMS: 5000, connectTimeoutMS: 5000, socketTimeoutMS: 20_000 };
    known = { uri, client: new MongoClient(uri, { ...options, maxPoolSize: 5 }) };
  }
  await known.client.connect();
  return known.client.db(name);
}

/** Closes the connection, for programs that end. */
export async function disconnect(): Promise<void> {
  const last = known;
  known = undefined;
  await last?.client.close();
}
