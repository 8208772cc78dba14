import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AtpAgent } from '@atproto/api';
import type { Account } from '../../../netlify/lib/pds/accounts.ts';
import { type Front, startFront } from './front.ts';

/** A real PDS and a real PLC directory, with a front before it that can make it fail. */
export interface PdsRig {
  /** Where the functions find it. */
  readonly front: Front;
  /** Starts it again with another limit of blobs, in bytes; accounts and records stay. */
  restart(blobLimit: number): Promise<void>;
  addAccount(handle: string): Promise<Account & { did: string }>;
  records(did: string): Promise<{ uri: string; cid: string; value: Record<string, unknown> }[]>;
  /** Content identifiers of all blobs that records refer to. */
  blobs(did: string): Promise<string[]>;
  blob(did: string, cid: string): Promise<Uint8Array>;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Why there can be no PDS here; undefined when there can. */
export function noPds(): string | undefined {
  try {
    const Database = require(require.resolve('better-sqlite3', { paths: [require.resolve('@atproto/api')] }));
    new Database(':memory:').close();
    return undefined;
  } catch (error) {
    return `better-sqlite3, which the PDS needs, doesn’t load (npm run setup): ${String(error).split('\n')[0]}`;
  }
}

export async function startPds(blobLimit = 5 * 1024 * 1024): Promise<PdsRig> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-pds-'));
  const front = await startFront('http://127.0.0.1:9');
  // A name, since the PDS takes no address for its host.
  const publicUrl = front.url.replace('127.0.0.1', 'localhost');
  const server = await startProcess(folder, publicUrl);
  front.target = await server.start(blobLimit);
  const anybody = () => new AtpAgent({ service: front.target });
  return {
    front: Object.assign(front, { url: publicUrl }),
    restart: async (limit) => {
      front.target = await server.start(limit);
    },
    addAccount: async (handle) => {
      const password = randomBytes(12).toString('hex');
      const { data } = await anybody().com.atproto.server.createAccount({
        handle,
        password,
        email: `${handle}@example.test`,
      });
      return { identifier: data.did, did: data.did, password };
    },
    records: async (repo) => {
      const collection = 'computer.aesthetic.tape';
      const all: { uri: string; cid: string; value: Record<string, unknown> }[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = { repo, collection, limit: 100, ...(cursor !== undefined && { cursor }) };
        const { data } = await anybody().com.atproto.repo.listRecords(page);
        all.push(...data.records);
        cursor = data.cursor;
        if (cursor === undefined || data.records.length === 0) return all;
      }
    },
    blobs: async (did) => (await anybody().com.atproto.sync.listBlobs({ did })).data.cids,
    blob: async (did, cid) => (await anybody().com.atproto.sync.getBlob({ did, cid })).data,
    stop: async () => {
      await front.stop();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts pds-server.ts in a process of its own: native code of a database doesn't belong into a test runner's. */
async function startProcess(folder: string, publicUrl: string) {
  const env = { ...process.env, LOG_ENABLED: 'false', NODE_ENV: 'development' };
  const args = [join(import.meta.dirname, 'pds-server.ts'), folder, publicUrl];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    /** Starts the PDS (again) and gives its URL. */
    start: async (blobLimit: number): Promise<string> => {
      child.stdin.write(`${blobLimit}\n`);
      const line = await Promise.race([lines.next(), ended.then(() => undefined)]);
      if (typeof line?.value !== 'string') throw new Error('the PDS ended before it began');
      return line.value;
    },
    stop: async () => {
      child.stdin.end(); // it ends with its standard input, so also when the test is killed
      await ended;
    },
  };
}
