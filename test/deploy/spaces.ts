import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { type ExecaError, execa } from 'execa';
import { until } from '../rig/until.ts';
import { findVersitygw } from '../rig/versitygw.ts';
import type { Network } from '../twin/net/network.ts';
import { openSockets } from '../twin/net/sockets.ts';

const found = await findVersitygw();

/** Why there is no S3 server on this machine, or undefined. */
export const spacesGap = 'gap' in found ? found.gap : undefined;

/** An S3 server at an address of the network, in place of DigitalOcean's. */
export interface Spaces {
  readonly endpoint: string;
  readonly key: string;
  readonly secret: string;
  readonly client: S3Client;
  keys(bucket: string): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts an S3 server in a namespace of its own, with these buckets. */
export async function openSpaces(
  network: Network,
  { folder, address, buckets }: { folder: string; address: string; buckets: readonly string[] },
): Promise<Spaces> {
  if ('gap' in found) throw new Error(found.gap);
  const at = await network.attach('spaces', address);
  const [data, sidecar] = [join(folder, 's3-data'), join(folder, 's3-metadata')];
  for (const path of [data, sidecar]) await mkdir(path);
  const [key, secret] = ['oven-key', 'oven-secret-of-a-test'];
  const listen = `${address}:7070`;
  const args = ['--port', listen, '--quiet', '--health', '/health', 'posix', '--sidecar', sidecar, data];
  const server = execa('ip', ['netns', 'exec', at.name, found.program, ...args], {
    env: { ROOT_ACCESS_KEY: key, ROOT_SECRET_KEY: secret },
    ...({ stdin: 'ignore', stdout: 'ignore', forceKillAfterDelay: 2000 } as const),
  });
  server.catch(() => {}); // how it ends is for the test to notice
  const sockets = openSockets(at);
  const client = new S3Client({
    endpoint: `http://${listen}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 3,
    credentials: { accessKeyId: key, secretAccessKey: secret },
    requestHandler: { httpAgent: sockets.agent },
  });
  await until('the S3 server answers', async () => !!(await sockets.connect(address, 7070)).destroy());
  for (const Bucket of buckets) await client.send(new CreateBucketCommand({ Bucket }));
  return {
    endpoint: `http://${listen}`,
    key,
    secret,
    client,
    keys: async (Bucket) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key = '' }) => Key).sort();
    },
    close: async () => {
      client.destroy();
      await sockets.close();
      server.kill();
      await server.catch((error: ExecaError) => error);
    },
  };
}
