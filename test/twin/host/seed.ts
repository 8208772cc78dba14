import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a cloud tells a new machine about itself. */
export interface Seed {
  readonly instanceId: string;
  readonly hostname: string;
  readonly userData: string;
  /** Given to root, as DigitalOcean does with the droplet's `sshKeys`. */
  readonly sshKeys?: readonly string[] | undefined;
}

/** The files of cloud-init's NoCloud source, by name. JSON is YAML. */
export function seedFiles({ instanceId, hostname, userData, sshKeys = [] }: Seed): Record<string, string> {
  const metaData = { 'instance-id': instanceId, 'local-hostname': hostname, 'public-keys': sshKeys };
  return {
    'meta-data': `${JSON.stringify(metaData)}\n`,
    'user-data': userData,
    'vendor-data': '',
  };
}

/** Lays the seed into a root filesystem. */
export async function writeSeed(root: string, seed: Seed): Promise<void> {
  const folder = join(root, 'var/lib/cloud/seed/nocloud');
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(seedFiles(seed))) await writeFile(join(folder, name), text);
}

/** Names the resolver that a new machine asks, as a network does. */
export async function writeResolver(root: string, address: string): Promise<void> {
  await mkdir(join(root, 'etc'), { recursive: true });
  await writeFile(join(root, 'etc/resolv.conf'), `nameserver ${address}\n`);
}
