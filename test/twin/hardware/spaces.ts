import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCorsCommand,
  DeleteBucketPolicyCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { until } from '../../rig/until.ts';
import type { Network } from '../net/network.ts';
import { openSockets } from '../net/sockets.ts';
import { type KeyHolder, renderPolicies } from './policy.ts';
import { startIn } from './program.ts';
import { frontFor } from './spaces-front.ts';

/** An S3 server with accounts, in place of DigitalOcean's Spaces. */
export interface SpacesServer {
  /** Its buckets are below this name. */
  readonly endpoint: string;
  /** Makes an account. With `owns` it may make buckets, which then belong to it. */
  addAccount(key: string, secret: string, owns: boolean): Promise<void>;
  removeAccount(key: string): Promise<void>;
  /** Lays down who may do what with which of an account's buckets besides it, as a whole. */
  grant(owner: string, holders: readonly KeyHolder[]): Promise<void>;
  hasBucket(name: string): Promise<boolean>;
  /** Makes a bucket in the name of an account. */
  makeBucket(name: string, account: { readonly key: string; readonly secret: string }): Promise<void>;
  put(bucket: string, key: string, body: Buffer): Promise<void>;
  keys(bucket: string): Promise<string[]>;
  /** Takes a bucket's CORS rules away, as a person with a control panel would. */
  removeCors(bucket: string): Promise<void>;
  close(): Promise<void>;
}

export interface SpacesOptions {
  readonly folder: string;
  readonly address: string;
  /** The name that buckets are below, such as sfo3.spaces.test. */
  readonly domain: string;
  /** The server's program. */
  readonly versitygw: string;
}

const ROOT = { key: 'root-of-the-twin', secret: 'nobody-but-the-twin-knows-it' };
const PORT = 7070;

/** versitygw behind a front that keeps what it does not, in a namespace of their own. */
export async function openSpaces(network: Network, options: SpacesOptions): Promise<SpacesServer> {
  const { folder, address, domain, versitygw } = options;
  const at = await network.attach('spaces', address);
  const [data, sidecar, iam] = ['s3-data', 's3-metadata', 's3-accounts'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  for (const path of [data, sidecar, iam]) await mkdir(path);
  const env = { ROOT_ACCESS_KEY: ROOT.key, ROOT_SECRET_KEY: ROOT.secret };
  const server = startIn(
    at,
    versitygw,
    [
      '--port',
      `127.0.0.1:${PORT}`,
      '--quiet',
      '--virtual-domain',
      domain,
      '--iam-dir',
      iam,
      '--iam-cache-disable',
      'posix',
      '--sidecar',
      sidecar,
      data,
    ],
    env,
  );
  const sockets = openSockets(at);
  const clientOf = ({ key, secret }: typeof ROOT) =>
    new S3Client({
      endpoint: `http://127.0.0.1:${PORT}`,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 3,
      credentials: { accessKeyId: key, secretAccessKey: secret },
      requestHandler: { httpAgent: sockets.agent },
    });
  const root = clientOf(ROOT);
  await until('the S3 server answers', async () => !!(await sockets.connect('127.0.0.1', PORT)).destroy());
  const front: RequestListener = frontFor({ agent: sockets.agent, port: PORT, domain });
  const endFront = await sockets.serve(address, 80, front);
  const admin = async (...args: string[]) => {
    const login = ['--access', ROOT.key, '--secret', ROOT.secret];
    const url = ['--endpoint-url', `http://127.0.0.1:${PORT}`];
    await execa('ip', ['netns', 'exec', at.name, versitygw, 'admin', ...login, ...url, ...args]);
  };
  let granted: ReadonlySet<string> = new Set();
  return {
    endpoint: `http://${domain}`,
    addAccount: (key, secret, owns) =>
      admin('create-user', '--access', key, '--secret', secret, '--role', owns ? 'userplus' : 'user'),
    removeAccount: (key) => admin('delete-user', '--access', key),
    grant: async (owner, holders) => {
      const policies = renderPolicies(holders, owner);
      for (const Bucket of granted) {
        if (!policies.has(Bucket)) await root.send(new DeleteBucketPolicyCommand({ Bucket }));
      }
      granted = new Set(policies.keys());
      for (const [Bucket, Policy] of policies) {
        await root.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      }
    },
    hasBucket: (Bucket) =>
      root.send(new HeadBucketCommand({ Bucket })).then(
        () => true,
        () => false,
      ),
    makeBucket: async (Bucket, account) => {
      const client = clientOf(account);
      await client.send(new CreateBucketCommand({ Bucket }));
    },
    put: async (Bucket, Key, Body) => void (await root.send(new PutObjectCommand({ Bucket, Key, Body }))),
    keys: async (Bucket) => {
      const { Contents = [] } = await root.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key = '' }) => Key).sort();
    },
    removeCors: async (Bucket) => void (await root.send(new DeleteBucketCorsCommand({ Bucket }))),
    close: async () => {
      await endFront();
      root.destroy();
      await sockets.close();
      await server.end();
    },
  };
}
