import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Callbacks, openCallbacks } from '../deploy/callbacks.ts';
import { openAuthority } from '../deploy/certificate.ts';
import { type Load, startLoad } from '../deploy/load.ts';
import { cachedTape } from '../tapes/cache.ts';
import { type Api, openApi } from '../twin/api/api.ts';
import { openAuthority as openOriginAuthority } from '../twin/api/cloudflare/authority.ts';
import { type Edge, openEdge } from '../twin/hardware/edge.ts';
import { type Machines, openHardware } from '../twin/hardware/hardware.ts';
import { type Names, openNames } from '../twin/hardware/names.ts';
import { openSpaces, type SpacesServer } from '../twin/hardware/spaces.ts';
import { openSpacesAccess } from '../twin/hardware/spaces-access.ts';
import { type Cloud, openCloud } from '../twin/host/cloud.ts';
import { useResolver } from '../twin/net/namespace.ts';
import type { Attached } from '../twin/net/network.ts';
import { openSockets } from '../twin/net/sockets.ts';
import { caddyOfHosts } from './caddy.ts';
import type { Prerequisites } from './missing.ts';
import { ADDRESSES, CALLBACK_SECRET, DOMAIN, EMAIL, REGION, SPACES, ZONE } from './names.ts';

/** A cloud in a box: two APIs, whole machines, names, an edge, an S3 server, and a visitor with a site. */
export interface Box {
  readonly cloud: Cloud;
  readonly api: Api;
  readonly machines: Machines;
  readonly edge: Edge;
  readonly names: Names;
  readonly spaces: SpacesServer;
  readonly callbacks: Callbacks;
  readonly visitor: Attached;
  /** For the visitor's TLS. */
  readonly caFile: string;
  /** Asks as a visitor does, by name. Gives status and body. */
  ask(path: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** A tape that the visitor brings, as POST /bake takes it. */
  tape(slug: string): Readonly<Record<string, unknown>>;
  /** Starts a visitor that asks without a pause and brings tapes. */
  visit(tag: string): Promise<Load>;
  close(): Promise<void>;
}

/** Opens an empty cloud in a box. */
export async function openBox({ versitygw }: Prerequisites): Promise<Box> {
  const ends: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of ends.toReversed()) await end().catch(() => {});
  };
  try {
    return await open(versitygw, ends, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  versitygw: string,
  ends: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Box> {
  const ending = <T extends { close(): Promise<void> }>(one: T): T => {
    ends.push(() => one.close());
    return one;
  };
  const cloud = ending(await openCloud());
  const { network, run, client: operator } = cloud;
  const { folder } = run;
  const names = ending(
    await openNames(network, { folder, address: ADDRESSES.names, domains: { [SPACES]: ADDRESSES.spaces } }),
  );
  await useResolver(operator, names.address);
  const spaces = ending(
    await openSpaces(network, {
      folder,
      address: ADDRESSES.spaces,
      domain: `${REGION}.${SPACES}`,
      versitygw,
    }),
  );
  await spaces.addAccount(OPERATOR_KEYS.key, OPERATOR_KEYS.secret, true);
  await spaces.addAccount(SOMEBODY_KEYS.key, SOMEBODY_KEYS.secret, true);
  await spaces.makeBucket(TAKEN_BUCKET, SOMEBODY_KEYS);
  const originAuthority = ending(openOriginAuthority());
  const place = join(folder, 'public');
  await mkdir(place);
  const authority = await openAuthority(place);
  const edge = ending(
    await openEdge(network, {
      folder,
      address: ADDRESSES.edge,
      authority,
      caddy: await caddyOfHosts(),
      originCa: await originAuthority.certificate(),
    }),
  );
  const visitor = await network.attach('visitor', ADDRESSES.visitor);
  await useResolver(visitor, names.address);
  const visitorSockets = ending(openSockets(visitor));
  const callbacks = ending(await openCallbacks(visitorSockets, ADDRESSES.visitor));
  const machines = ending(
    openHardware({
      cloud,
      names,
      edge,
      addresses: ADDRESSES.reserved,
      balancers: ADDRESSES.balancers,
    }),
  );
  const api = ending(
    await openApi({
      hardware: machines,
      zone: ZONE,
      authority: originAuthority,
      emails: [EMAIL],
      networks: { ipv4: [ADDRESSES.proxies], ipv6: ['2001:db8:cf::/48'] },
      spaces: openSpacesAccess(spaces, OPERATOR_KEYS.key),
      listen: async (handler) => ({
        url: `http://127.0.0.1:${API_PORT}`,
        close: await cloud.sockets.serve('127.0.0.1', API_PORT, handler),
      }),
    }),
  );
  const tape: Box['tape'] = (slug) => ({
    mongoId: `id-${slug}`,
    slug,
    zipUrl: ZIP_URL,
    callbackSecret: CALLBACK_SECRET,
    callbackUrl: `${callbacks.url}/api/tape-bake-complete`,
  });
  return {
    cloud,
    api,
    machines,
    edge,
    names,
    spaces,
    callbacks,
    visitor,
    tape,
    close,
    caFile: authority.caFile,
    ask: async (path, body) => {
      const sent =
        body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
      const how = ['-sS', '--max-time', '30', '--cacert', authority.caFile, '-w', '\n%{http_code}', ...sent];
      const out = await visitor.exec('curl', [...how, `https://${DOMAIN}${path}`]);
      const last = out.lastIndexOf('\n');
      return { status: Number(out.slice(last + 1)), text: out.slice(0, last) };
    },
    visit: (tag) => {
      const { mongoId, slug, zipUrl, ...rest } = tape('any');
      return startLoad(visitor, {
        domain: DOMAIN,
        caFile: authority.caFile,
        perSecond: 10,
        seconds: 3600,
        tapeEvery: 40,
        slugs: Array.from({ length: 1000 }, (_, index) => `${tag}-${index}`),
        zipUrl: ZIP_URL,
        tape: rest,
      });
    },
  };
}

/** Lays the tape that is baked into the art bucket, once there is one. */
export async function bringTape({ spaces }: Box): Promise<void> {
  const { path } = await cachedTape('still', '.cache/tapes');
  await spaces.put(ART_BUCKET, 'tape.zip', await readFile(path));
}

const API_PORT = 8080;

/** The operator's own Spaces keys, which may make buckets, and those of another account. */
export const OPERATOR_KEYS = { key: 'DO00OPERATOR', secret: 'secret-of-the-operator' };
const SOMEBODY_KEYS = { key: 'DO00SOMEBODY', secret: 'secret-of-somebody' };

export const ART_BUCKET = 'art-of-a-rehearsal';
export const BLOBS_BUCKET = 'blobs-of-a-rehearsal';
/** The bucket of another account. */
export const TAKEN_BUCKET = 'taken-by-somebody';
const ZIP_URL = `http://${ART_BUCKET}.${REGION}.${SPACES}/tape.zip`;
