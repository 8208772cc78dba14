import { readFile } from 'node:fs/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Site } from '../../infra/host/site.ts';
import type { Release } from '../../infra/release/build.ts';
import { releaseSteps } from '../../infra/release/commands.ts';
import { cachedTape } from '../tapes/cache.ts';
import type { TapeName } from '../tapes/catalogue.ts';
import { type BootOptions, CLIENT_ADDRESS, type Cloud, openCloud } from '../twin/host/cloud.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { makeKey } from '../twin/host/ssh.ts';
import type { Guard } from '../twin/net/firewall.ts';
import type { Attached } from '../twin/net/network.ts';
import { type Callbacks, openCallbacks } from './callbacks.ts';
import { openAuthority } from './certificate.ts';
import { type Load, startLoad } from './load.ts';
import { type Act, type Plan, planOf } from './program.ts';
import { openSpaces, type Spaces } from './spaces.ts';
import { type ActResult, take } from './steps.ts';

const DOMAIN = 'oven.test';
/** Stands for Cloudflare: who asks in the world's place. */
const PROXY_ADDRESS = '192.0.2.30';
const PROXIES = ['192.0.2.0/24'];
const SPACES_ADDRESS = '198.51.100.20';
/** The address that the world knows; it leads to whichever host serves. */
const PUBLIC_ADDRESS = '203.0.113.200';
const [ART, BLOBS] = ['art-of-a-test', 'blobs-of-a-test'];
const CALLBACK_SECRET = 'a-shared-secret-of-the-test';

/** Tapes by what they are for: a small one, and one that bakes for some seconds. */
const TAPES = { short: 'still', long: 'wire' } as const satisfies Record<string, TapeName>;

export type TestTape = keyof typeof TAPES;

/** Everything around a host: who asks it, who is called back, where files are, who signs its certificate. */
export interface World {
  readonly cloud: Cloud;
  readonly spaces: Spaces;
  readonly callbacks: Callbacks;
  readonly site: Site;
  /** Who asks: an address of the proxies. */
  readonly proxy: Attached;
  /** Boots a host with the program's user-data, behind the program's firewall. */
  boot(label: string, how?: Pick<BootOptions, 'packages'>): Promise<Booted>;
  /** Does to the host what the program would, act by act, until one fails; all of it, or a part. */
  up(booted: Booted, part?: { readonly from?: number; readonly to?: number }): Promise<ActResult[]>;
  /** What the program would do for another release: its acts with that one's name and archive. */
  release(host: TwinHost, release: Release, before?: string): Promise<ActResult[]>;
  /** Asks as the world does: curl in the client's namespace, TLS by the authority. Gives status, protocol and body. */
  ask(path: string, how?: { readonly body?: unknown; readonly method?: string }): Promise<Answer>;
  /** Brings a tape; throws unless it is taken. Gives its job's id. */
  bring(tape: TestTape, slug: string): Promise<string>;
  load(
    seconds: number,
    how: { readonly slugs: readonly string[]; readonly tapeEvery?: number },
  ): Promise<Load>;
  close(): Promise<void>;
}

/** A host, and what the program says of it. */
export interface Booted {
  readonly host: TwinHost;
  readonly plan: Plan;
}

export interface Answer {
  readonly status: number;
  /** 1.1 or 2. */
  readonly version: string;
  readonly text: string;
}

/** Makes a world without a host. */
export async function openWorld(): Promise<World> {
  const cloud = await openCloud();
  try {
    return await around(cloud);
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

async function around(cloud: Cloud): Promise<World> {
  const { folder } = cloud.run;
  const [login, hostKey, handoverKey] = [
    await makeKey(folder, 'login'),
    await makeKey(folder, 'host-key'),
    await makeKey(folder, 'handover'),
  ];
  const authority = await openAuthority(folder);
  const { network } = cloud;
  const spaces = await openSpaces(network, { folder, address: SPACES_ADDRESS, buckets: [ART, BLOBS] });
  const callbacks = await openCallbacks(cloud.sockets, CLIENT_ADDRESS);
  for (const [name, kind] of Object.entries(TAPES)) {
    const Body = await readFile((await cachedTape(kind, '.cache/tapes')).path);
    await spaces.client.send(new PutObjectCommand({ Bucket: ART, Key: `${name}.zip`, Body }));
  }
  const site: Site = { domain: DOMAIN, proxied: true, trustedProxies: PROXIES, acmeEmail: 'me@oven.test' };
  const proxy = await network.attach('proxy', PROXY_ADDRESS);
  const certificate = await authority.issue(DOMAIN);
  const config = {
    'oven:domain': DOMAIN,
    'oven:sshAllowedCidrs': JSON.stringify([`${CLIENT_ADDRESS}/32`]),
    'oven:artBucket': ART,
    'oven:blobsBucket': BLOBS,
    'oven:alertEmail': 'me@oven.test',
    'oven:artSpacesKey': spaces.key,
    'oven:artSpacesSecret': spaces.secret,
    'oven:blobsSpacesKey': spaces.key,
    'oven:blobsSpacesSecret': spaces.secret,
    'digitalocean:spacesEndpoint': spaces.endpoint,
    'oven:callbackSecret': CALLBACK_SECRET,
    'oven:serviceEnvironment': JSON.stringify({ ALLOWED_CALLBACKS: callbacks.url }),
  };
  const planFor = (address: string) =>
    planOf({
      config,
      login,
      hostKey,
      handoverKey,
      address,
      certificate,
      reserved: PUBLIC_ADDRESS,
      proxies: PROXIES,
    });
  const guarded = new Map<TwinHost, Plan>();
  let last: Plan | undefined;
  const tape = { callbackUrl: `${callbacks.url}/api/tape-bake-complete`, callbackSecret: CALLBACK_SECRET };
  const zipUrl = (name: TestTape) => `${spaces.endpoint}/${ART}/${name}.zip`;
  const ask: World['ask'] = async (path, { body, method = body === undefined ? 'GET' : 'POST' } = {}) => {
    const sent =
      body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const out = await proxy.exec('curl', [
      '-sS',
      '--max-time',
      '30',
      '--cacert',
      authority.caFile,
      '--resolve',
      `${DOMAIN}:443:${PUBLIC_ADDRESS}`,
      '-X',
      method,
      ...sent,
      '-w',
      '\n%{http_code} %{http_version}',
      `https://${DOMAIN}${path}`,
    ]);
    const last = out.lastIndexOf('\n');
    const [status = '', version = ''] = out.slice(last + 1).split(' ');
    return { status: Number(status), version, text: out.slice(0, last) };
  };
  return {
    cloud,
    spaces,
    callbacks,
    site,
    proxy,
    ask,
    boot: async (label, how = {}) => {
      const plan = await planFor(cloud.nextAddress());
      const host = await cloud.boot({
        userData: plan.userData,
        label,
        ...how,
        login: { user: 'root', keyFile: login.file, hostKey: hostKey.publicKey },
      });
      last = plan;
      guarded.set(host, plan);
      await network.guard(guardsOf(guarded));
      return { host, plan };
    },
    up: async ({ host, plan }, { from, to } = {}) =>
      doAll(host, plan.acts.slice(from, to), () => network.point(PUBLIC_ADDRESS, host.address)),
    release: (host, { hash, file }, before = '') => {
      // The engine runs only what changed: not what has no part in the release's name or its archive.
      const steps = releaseSteps({ hash, file, certificate: true }).filter(
        ({ name }) => name === 'prepare' || name === 'upload' || name === 'activate',
      );
      const known = (name: string) => last?.acts.find((act) => act.name === name);
      const acts = steps.map((step): Act => {
        const declared = known(step.name);
        if (step.kind === 'upload') return step;
        const text = declared?.kind === 'command' ? declared.create : '';
        if (last === undefined || text.replaceAll(last.release, hash) !== step.create) {
          throw new Error(`${step.name} is not what the program declares`);
        }
        return { kind: 'command', name: step.name, create: before + step.create };
      });
      return doAll(host, acts, async () => {});
    },
    bring: async (name, slug) => {
      const body = { ...tape, mongoId: `id-${slug}`, slug, zipUrl: zipUrl(name) };
      const { status, text } = await ask('/bake', { body });
      if (status >= 300) throw new Error(`POST /bake: ${status} ${text}`);
      return (JSON.parse(text) as { jobId: string }).jobId;
    },
    load: (seconds, { slugs, tapeEvery = 40 }) =>
      startLoad(proxy, {
        address: PUBLIC_ADDRESS,
        domain: DOMAIN,
        caFile: authority.caFile,
        perSecond: 20,
        seconds,
        tapeEvery,
        slugs,
        zipUrl: zipUrl('short'),
        tape,
      }),
    close: async () => {
      await callbacks.close();
      await spaces.close();
      await cloud.close();
    },
  };
}

async function doAll(
  host: TwinHost,
  acts: readonly Act[],
  assign: () => Promise<void>,
): Promise<ActResult[]> {
  const results: ActResult[] = [];
  for (const act of acts) {
    const result = await take(host, act, assign);
    results.push(result);
    if (result.exitCode !== 0) break;
  }
  return results;
}

/** A rule for hosts with the program's tag is one for every host here. */
function guardsOf(hosts: ReadonlyMap<TwinHost, Plan>): Guard[] {
  const addresses = [...hosts.keys()].map(({ address }) => address);
  return [...hosts].map(([{ address }, { firewall }]) => ({
    address,
    outbound: firewall.outbound,
    inbound: firewall.inbound.map((rule) =>
      rule.tagged ? { ...rule, peers: [...rule.peers, ...addresses] } : rule,
    ),
  }));
}
