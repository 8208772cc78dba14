import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type ExecaError, execa } from 'execa';
import { describe } from 'vitest';
import { type Account, openClient } from '../../service/storage/s3.ts';
import { freePort } from './port.ts';
import { until } from './until.ts';
import { findVersitygw } from './versitygw.ts';

const found = await findVersitygw();

/** Why there is no S3 server here, or undefined. */
export const s3Gap = 'gap' in found ? found.gap : undefined;

/** `describe` for tests that need an S3 server; where there can be none they are skipped, and their title says why. */
export function describeS3(title: string, tests: () => void): void {
  describe.skipIf(s3Gap !== undefined)(s3Gap === undefined ? title : `${title} (skipped: ${s3Gap})`, tests);
}

export type S3Action =
  | 's3:GetObject'
  | 's3:PutObject'
  | 's3:PutObjectAcl'
  | 's3:DeleteObject'
  | 's3:ListBucket';

/** An S3 server of a test's own on loopback: real signatures, real multipart, files in a temporary folder. */
export interface S3Rig {
  readonly endpoint: URL;
  readonly key: string;
  readonly secret: string;
  /** What the service is told about a bucket. */
  account(bucket: string): Account;
  /** With the keys of its owner. */
  readonly client: S3Client;
  /** Makes a bucket; everybody may read a public one's objects (this server does not heed an object's own ACL). */
  make(bucket: string, kind: 'private' | 'public'): Promise<void>;
  /** Makes another key, which may do in a bucket what its policy then says. */
  addKey(key: string, secret: string): Promise<void>;
  /** Lets a key do exactly these in a bucket, but store nothing below `readOnly`, such as `tapes/a*`. */
  allow(bucket: string, key: string, actions: readonly S3Action[], readOnly?: string): Promise<void>;
  /** Keys of a bucket, sorted. */
  keys(bucket: string): Promise<string[]>;
  /** Keys of uploads in parts that were neither finished nor taken back. */
  unfinished(bucket: string): Promise<string[]>;
  /** kill -9; what is stored stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the server. Throws where there is none: see `s3Gap`. */
export async function startS3(): Promise<S3Rig> {
  if ('gap' in found) throw new Error(found.gap);
  const folder = await mkdtemp(join(tmpdir(), 'oven-s3-'));
  const [data, sidecar, accounts] = ['data', 'metadata', 'accounts'].map((name) => join(folder, name));
  for (const each of [data, sidecar, accounts]) await mkdir(each!);
  const [key, secret] = ['oven-key', 'oven-secret-of-a-test'];
  const port = await freePort();
  const endpoint = new URL(`http://127.0.0.1:${port}`);
  const args = ['--port', endpoint.host, '--quiet', '--health', '/health', '--iam-dir', accounts!];
  const env = { ROOT_ACCESS_KEY: key, ROOT_SECRET_KEY: secret };
  let server: ReturnType<typeof run> | undefined;
  const run = () =>
    execa(found.program, [...args, 'posix', '--sidecar', sidecar!, data!], {
      ...{ env, stdin: 'ignore', stdout: 'ignore', forceKillAfterDelay: 2000 },
    });
  const start = async () => {
    server = run();
    server.catch(() => {}); // how it ends is for the test to notice
    await until('the S3 server answers', async () => (await fetch(new URL('/health', endpoint))).ok);
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    server?.kill(signal);
    await server?.catch((error: ExecaError) => error);
    server = undefined;
  };
  const account = (bucket: string): Account => ({ endpoint, bucket, key, secret });
  const client = openClient(account(''), 3);
  await start();
  return {
    ...{ endpoint, key, secret, account, client, start },
    make: async (Bucket, kind) => {
      await client.send(new CreateBucketCommand({ Bucket }));
      if (kind === 'public') {
        await client.send(new PutBucketPolicyCommand({ Bucket, Policy: readableByAll(Bucket) }));
      }
    },
    addKey: async (access, its) => {
      const as = ['--access', key, '--secret', secret, '--endpoint-url', endpoint.origin];
      const user = ['--access', access, '--secret', its, '--role', 'user'];
      await execa(found.program, ['admin', ...as, 'create-user', ...user]);
    },
    allow: async (Bucket, access, actions, readOnly) => {
      const Policy = policyOf(Bucket, { AWS: [access] }, actions, readOnly);
      await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    },
    keys: async (Bucket) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key = '' }) => Key).sort();
    },
    unfinished: async (Bucket) => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return Uploads.map(({ Key = '' }) => Key);
    },
    kill: () => end('SIGKILL'),
    stop: async () => {
      client.destroy();
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function readableByAll(bucket: string): string {
  return policyOf(bucket, '*', ['s3:GetObject']);
}

function policyOf(bucket: string, principal: unknown, actions: readonly string[], readOnly?: string): string {
  const arn = `arn:aws:s3:::${bucket}`;
  const Statement = actions.map((action) => ({
    Effect: 'Allow',
    Principal: principal,
    Action: [action],
    Resource: [action === 's3:ListBucket' ? arn : `${arn}/*`],
  }));
  const Denied = {
    Effect: 'Deny',
    Principal: principal,
    Action: ['s3:PutObject'],
    Resource: [`${arn}/${readOnly}`],
  };
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: readOnly === undefined ? Statement : [...Statement, Denied],
  });
}
