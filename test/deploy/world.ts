import { readFile } from 'node:fs/promises';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { renderUserData } from '../../cloud-init/user-data.ts';
import type { Site } from '../../infra/host/site.ts';
import type { Release } from '../../infra/release/build.ts';
import { releaseSteps } from '../../infra/release/commands.ts';
import { renderEnvironment } from '../../infra/release/environment.ts';
import { cachedTape } from '../tapes/cache.ts';
import type { TapeName } from '../tapes/catalogue.ts';
import { type BootOptions, CLIENT_ADDRESS, type Cloud, openCloud } from '../twin/host/cloud.ts';
import type { TwinHost } from '../twin/host/host.ts';
import { makeKey } from '../twin/host/ssh.ts';
import { type Callbacks, openCallbacks } from './callbacks.ts';
import { openAuthority } from './certificate.ts';
import { type Load, startLoad } from './load.ts';
import { openSpaces, type Spaces } from './spaces.ts';
import { type Secrets, type StepResult, takeAll } from './steps.ts';

const DOMAIN = 'oven.test';
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
  readonly secrets: Secrets;
  /** Boots a host with the program's user-data. */
  boot(label: string, how?: Pick<BootOptions, 'packages'>): Promise<TwinHost>;
  /** The steps of a release that the program would take, one after the other until one fails. */
  release(host: TwinHost, release: Release, before?: string): Promise<StepResult[]>;
  /** Has the world's address lead to a host. */
  point(host: TwinHost): Promise<void>;
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

export interface Answer {
  readonly status: number;
  /** 1.1 or 2. */
  readonly version: string;
  readonly text: string;
}

/** Makes a world without a host. */
export async function openWorld(): Promise<World> {
  const cloud = await openCloud();
  const { folder } = cloud.run;
  const [login, hostKey] = [await makeKey(folder, 'login'), await makeKey(folder, 'host-key')];
  const authority = await openAuthority(folder);
  const { network } = cloud;
  const spaces = await openSpaces(network, { folder, address: SPACES_ADDRESS, buckets: [ART, BLOBS] });
  const callbacks = await openCallbacks(cloud.sockets, CLIENT_ADDRESS);
  for (const [name, kind] of Object.entries(TAPES)) {
    const Body = await readFile((await cachedTape(kind, '.cache/tapes')).path);
    await spaces.client.send(new PutObjectCommand({ Bucket: ART, Key: `${name}.zip`, Body }));
  }
  const site: Site = { domain: DOMAIN, proxied: true, trustedProxies: [`${CLIENT_ADDRESS}/32`] };
  const environment = renderEnvironment({
    ...{ ART_SPACES_KEY: spaces.key, ART_SPACES_SECRET: spaces.secret },
    ...{ ART_SPACES_ENDPOINT: spaces.endpoint, ART_SPACES_BUCKET: ART },
    ...{ AT_BLOBS_SPACES_KEY: spaces.key, AT_BLOBS_SPACES_SECRET: spaces.secret },
    ...{ AT_BLOBS_SPACES_ENDPOINT: spaces.endpoint, AT_BLOBS_SPACES_BUCKET: BLOBS },
    ...{ CALLBACK_SECRET, ALLOWED_CALLBACKS: callbacks.url, PUBLIC_URL: `https://${DOMAIN}` },
  });
  const secrets: Secrets = { environment, certificate: await authority.issue(DOMAIN) };
  const tape = { callbackUrl: `${callbacks.url}/api/tape-bake-complete`, callbackSecret: CALLBACK_SECRET };
  const zipUrl = (name: TestTape) => `${spaces.endpoint}/${ART}/${name}.zip`;
  const ask: World['ask'] = async (path, { body, method = body === undefined ? 'GET' : 'POST' } = {}) => {
    const sent =
      body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const out = await cloud.client.exec('curl', [
      ...[
        '-sS',
        '--max-time',
        '30',
        '--cacert',
        authority.caFile,
        '--resolve',
        `${DOMAIN}:443:${PUBLIC_ADDRESS}`,
      ],
      ...['-X', method, ...sent, '-w', '\n%{http_code} %{http_version}', `https://${DOMAIN}${path}`],
    ]);
    const last = out.lastIndexOf('\n');
    const [status = '', version = ''] = out.slice(last + 1).split(' ');
    return { status: Number(status), version, text: out.slice(0, last) };
  };
  return {
    ...{ cloud, spaces, callbacks, site, secrets, ask },
    boot: (label, how = {}) => {
      const userData = renderUserData({
        hostKey: hostKey.privateKey,
        hostPublicKey: hostKey.publicKey,
        authorizedKeys: [login.publicKey],
      });
      const pinned = hostKey.publicKey.split(' ').slice(0, 2).join(' ');
      return cloud.boot({
        ...{ userData, label, sshKeys: [login.publicKey], ...how },
        login: { user: 'root', keyFile: login.file, hostKey: pinned },
      });
    },
    release: (host, { hash, file }, before) =>
      takeAll(host, releaseSteps({ hash, file, certificate: true }), secrets, before),
    point: (host) => network.point(PUBLIC_ADDRESS, host.address),
    bring: async (name, slug) => {
      const body = { ...tape, mongoId: `id-${slug}`, slug, zipUrl: zipUrl(name) };
      const { status, text } = await ask('/bake', { body });
      if (status >= 300) throw new Error(`POST /bake: ${status} ${text}`);
      return (JSON.parse(text) as { jobId: string }).jobId;
    },
    load: (seconds, { slugs, tapeEvery = 40 }) =>
      startLoad(cloud.client, {
        ...{ address: PUBLIC_ADDRESS, domain: DOMAIN, caFile: authority.caFile, perSecond: 20, seconds },
        ...{ tapeEvery, slugs, zipUrl: zipUrl('short'), tape },
      }),
    close: async () => {
      await callbacks.close();
      await spaces.close();
      await cloud.close();
    },
  };
}
