import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Db, MongoClient } from 'mongodb';

/** Made by mongo/setup. */
const SERVER = join(import.meta.dirname, '../../../.cache/mongo-java-server');

/** A database of a test's own, in the server that MONGODB_URI names or in one that is started for it. */
export interface MongoRig {
  readonly uri: string;
  readonly name: string;
  readonly db: Db;
  stop(): Promise<void>;
}

/** Why there can be no MongoDB here; undefined when there can. */
export function noMongo(): string | undefined {
  if (process.env.MONGODB_URI) return undefined;
  if (existsSync(join(SERVER, 'Server.class'))) return undefined;
  return 'no MONGODB_URI, and the test server was not made (npm run setup)';
}

export async function startMongo(): Promise<MongoRig> {
  const server = process.env.MONGODB_URI ? undefined : await startServer();
  const uri = server?.uri ?? process.env.MONGODB_URI!;
  const name = `oven_test_${randomBytes(6).toString('hex')}`;
  const client = await new MongoClient(uri).connect();
  const db = client.db(name);
  const stop = async () => {
    await db.dropDatabase();
    await client.close();
    await server?.stop();
  };
  return { uri, name, db, stop };
}

async function startServer() {
  const java = [
    '-Xmx192m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    `${SERVER}:${SERVER}/*`,
    'Server',
  ];
  const child = spawn('java', java, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const first = createInterface(child.stdout)[Symbol.asyncIterator]().next();
  const line = await Promise.race([first, ended.then(() => undefined)]);
  if (typeof line?.value !== 'string') throw new Error('the test server for MongoDB ended before it began');
  const stop = async () => {
    child.stdin.end(); // it ends with its standard input, so also when the test is killed
    await ended;
  };
  return { uri: line.value, stop };
}
