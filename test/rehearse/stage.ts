import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../rig/until.ts';
import { writeCloudflarePlugin } from '../twin/api/plugin/write.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { keepKey } from '../twin/host/ssh.ts';
import { ART_BUCKET, BLOBS_BUCKET, type Box, OPERATOR_KEYS, openBox } from './box.ts';
import { type Engine, openEngine } from './engine.ts';
import type { Prerequisites } from './missing.ts';
import { CALLBACK_SECRET, DOMAIN, DROPLET, EMAIL, REGION, SIZES, SPACES, ZONE } from './names.ts';
import { copyProgram, type ProgramCopy } from './program.ts';

/** All that a rehearsal plays with. */
export interface Stage {
  readonly box: Box;
  readonly engine: Engine;
  readonly program: ProgramCopy;
  readonly secrets: Readonly<Record<string, string>>;
  /** The machine of the stack's one droplet. Throws unless there is exactly one. */
  host(): TwinHost;
  /** Lays down the key that the stack made, so that hosts can be logged in to. */
  learnKey(): Promise<void>;
  close(): Promise<void>;
}

/** Opens an empty cloud and an empty stack, configured as an operator would. */
export async function openStage(prerequisites: Prerequisites): Promise<Stage> {
  const box = await openBox(prerequisites);
  try {
    return await set(box, prerequisites);
  } catch (error) {
    await box.close();
    throw error;
  }
}

async function set(box: Box, { tools }: Prerequisites): Promise<Stage> {
  const { api, cloud, machines } = box;
  const folder = join(cloud.run.folder, 'engine');
  await mkdir(folder);
  const program = await copyProgram(join(folder, 'program'));
  const bin = join(folder, 'bin');
  if (!tools.hasCloudflare) await writeCloudflarePlugin(bin);
  const engine = await openEngine({
    at: cloud.client,
    folder,
    program: program.folder,
    tools,
    path: tools.hasCloudflare ? [] : [bin],
  });
  const secrets = {
    'digitalocean:token': api.tokens.digitalocean,
    'digitalocean:spacesAccessId': OPERATOR_KEYS.key,
    'digitalocean:spacesSecretKey': OPERATOR_KEYS.secret,
    'cloudflare:apiToken': api.tokens.cloudflare,
    'oven:callbackSecret': CALLBACK_SECRET,
  };
  await engine.set(
    {
      'digitalocean:apiEndpoint': api.digitalocean,
      'digitalocean:spacesEndpoint': `http://{{.Region}}.${SPACES}`,
      'cloudflare:baseUrl': api.cloudflare,
      'oven:domain': DOMAIN,
      'oven:zoneId': ZONE.id,
      'oven:dropletName': DROPLET,
      'oven:dropletSize': SIZES.small,
      'oven:region': REGION,
      'oven:artBucket': ART_BUCKET,
      'oven:blobsBucket': BLOBS_BUCKET,
      'oven:alertEmail': EMAIL,
      'oven:sshAllowedCidrs[0]': `${cloud.client.address}/32`,
      // The site is a visitor's machine, at an address for documentation.
      'oven:serviceEnvironment.ALLOWED_CALLBACKS': box.callbacks.url,
    },
    secrets,
  );
  return {
    box,
    engine,
    program,
    secrets,
    host: () => {
      const [id, ...others] = api.state.droplets.keys();
      const host = id === undefined ? undefined : machines.of(id);
      if (host === undefined || others.length > 0)
        throw new Error(`there are ${api.state.droplets.size} droplets`);
      return host;
    },
    learnKey: async () => {
      const key = await engine.output('sshPrivateKey');
      if (key === undefined) throw new Error('the stack names no key to log in with');
      await keepKey(cloud.run.folder, 'login', key);
    },
    close: async () => {
      await engine.close();
      await box.close();
    },
  };
}

/** Whether a connection from a namespace is made; a firewall that drops does not say so, and five seconds are long in one machine. */
export async function reaches(
  at: { exec(file: string, args: readonly string[]): Promise<string> },
  address: string,
  port: number,
): Promise<boolean> {
  return at.exec('timeout', ['5', 'bash', '-c', `</dev/tcp/${address}/${port}`]).then(
    () => true,
    () => false,
  );
}

/** The release that /health names, as a visitor sees it; undefined where it is not healthy. */
export async function releaseSeen({ ask }: Box): Promise<string | undefined> {
  const { status, text } = await ask('/health').catch(() => ({ status: 0, text: '' }));
  return status === 200 ? (JSON.parse(text) as { release: string }).release : undefined;
}

/** Waits until each of these tapes was called back; gives those that were not. */
export async function calledBack(
  box: Box,
  slugs: readonly string[],
  seconds = 120,
): Promise<readonly string[]> {
  const missing = () => slugs.filter((slug) => box.callbacks.of(slug) === undefined);
  await until('every callback', () => missing().length === 0, seconds).catch(() => {});
  return missing();
}
