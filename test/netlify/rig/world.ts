import { randomBytes } from 'node:crypto';
import type { Collection, WithId } from 'mongodb';
import { tapeBakeComplete } from '../../../netlify/lib/callback/complete.ts';
import type { Config } from '../../../netlify/lib/config.ts';
import { deadlineIn } from '../../../netlify/lib/deadline.ts';
import { answerErrors } from '../../../netlify/lib/http.ts';
import { retryStuckTapes } from '../../../netlify/lib/retry.ts';
import { openServices, type Services } from '../../../netlify/lib/services.ts';
import { disconnect } from '../../../netlify/lib/tapes/database.ts';
import type { Tape } from '../../../netlify/lib/tapes/tape.ts';
import { trackMedia } from '../../../netlify/lib/track-media.ts';
import { type MongoRig, startMongo } from './mongo.ts';
import { type OvenRig, startOvenStandIn } from './oven.ts';
import { type PdsRig, startPds } from './pds.ts';
import { type ServerRig, startServer } from './server.ts';
import { signed } from './sign.ts';
import { type StorageRig, startStorage } from './storage.ts';

export const SECRET = 'a-shared-secret-of-the-tests';
export const USER = 'auth0|somebody';
export const TOKEN = 'a-token-that-is-good';

type Post = { body?: unknown; method?: string; token?: string | null; seconds?: number };

/** All that the functions touch: real MongoDB protocol, real PDS, and stand-ins for what answers over plain HTTP. */
export interface World {
  readonly config: Config;
  readonly mongo: MongoRig;
  readonly pds: PdsRig;
  readonly storage: StorageRig;
  readonly oven: OvenRig;
  readonly services: Services;
  readonly logs: string[];
  readonly tapes: Collection<Tape>;
  readonly guest: { readonly did: string; readonly password: string };
  readonly user: { readonly did: string; readonly password: string };
  /** Other services, as the configuration with these changes gives them. */
  reopen(changes: Partial<Config>): Promise<Services>;
  track(what: Post, services?: Services): Promise<Response>;
  deliver(body: object, how?: Delivered): Promise<Response>;
  retry(services?: Services, seconds?: number): Promise<Record<string, unknown>>;
  find(slug: string): Promise<WithId<Tape>>;
  stop(): Promise<void>;
}

export interface Delivered {
  readonly id?: string;
  readonly timestamp?: number;
  readonly secrets?: readonly string[];
  readonly services?: Services;
  /** Until the function has to end. */
  readonly seconds?: number;
  readonly headers?: Record<string, string>;
}

/** `pds: false` where a test needs none. */
export async function startWorld({ pds: withPds = true } = {}): Promise<World> {
  const [mongo, storage, oven, login] = await Promise.all([
    startMongo(),
    startStorage(),
    startOvenStandIn(),
    startLogin(),
  ]);
  const pds = withPds ? await startPds() : undefined;
  const guest = (await pds?.addAccount('tape-guest.test')) ?? {
    did: 'did:plc:none',
    password: 'none',
    identifier: '',
  };
  const user = (await pds?.addAccount('tape-user.test')) ?? guest;
  const atproto = { did: user.did, password: user.password };
  await mongo.db.collection<{ _id: string; atproto: object }>('users').insertOne({ _id: USER, atproto });
  const config: Config = {
    mongo: { uri: mongo.uri, name: mongo.name },
    oven: new URL(oven.url),
    callbackSecrets: [SECRET],
    callbackUrl: 'https://aesthetic.computer/api/tape-bake-complete',
    zips: {
      guest: {
        name: 'art-aesthetic-computer',
        url: new URL(`${storage.url}/art`),
        keys: undefined,
        variables: 'ART_SPACES',
      },
      user: {
        name: 'user-aesthetic-computer',
        url: new URL(`${storage.url}/user`),
        keys: undefined,
        variables: 'USER_SPACES',
      },
    },
    blobs: [new URL(`${storage.url}/blobs`)],
    pds: new URL(pds?.front.url ?? 'http://127.0.0.1:9'),
    guest: { identifier: guest.did, password: guest.password },
    auth0: new URL(login.url),
    otherMedia: undefined,
    seconds: 25,
  };
  const logs: string[] = [];
  const write = (line: string) => void logs.push(line);
  const services = await openServices(config, write);
  const tapes = mongo.db.collection<Tape>('tapes');
  return {
    config,
    mongo,
    pds: pds as PdsRig,
    storage,
    oven,
    services,
    logs,
    tapes,
    guest,
    user,
    reopen: (changes) => openServices({ ...config, ...changes }, write),
    track: ({ body = {}, method = 'POST', token = null, seconds = 25 }, other = services) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const request = new Request('https://site.test/api/track-media', {
        method,
        headers,
        ...(method !== 'GET' && { body: text }),
      });
      return answerErrors(other.log, () => trackMedia(other, request, deadlineIn(seconds)));
    },
    deliver: (body, { services: other = services, seconds = 25, ...how } = {}) => {
      const text = JSON.stringify(body);
      const id = how.id ?? 'bake-1';
      const sign = {
        id,
        secrets: how.secrets ?? [SECRET],
        ...(how.timestamp && { timestamp: how.timestamp }),
      };
      const headers = { ...signed(text, sign), ...how.headers };
      const request = new Request('https://site.test/api/tape-bake-complete', {
        method: 'POST',
        headers,
        body: text,
      });
      return answerErrors(other.log, () => tapeBakeComplete(other, request, deadlineIn(seconds)));
    },
    retry: async (other = services, seconds = 25) =>
      (await (await retryStuckTapes(other, deadlineIn(seconds))).json()) as Record<string, unknown>,
    find: async (slug) => {
      const tape = await tapes.findOne({ slug });
      if (tape === null) throw new Error(`no tape ${slug}`);
      return tape;
    },
    stop: async () => {
      await disconnect();
      await Promise.all([mongo.stop(), pds?.stop(), storage.stop(), oven.stop(), login.stop()]);
    },
  };
}

/** Knows one token, as Auth0's userinfo does. */
function startLogin(): Promise<ServerRig> {
  return startServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization === 'Bearer outage') return void response.writeHead(500).end();
    if (authorization !== `Bearer ${TOKEN}`) return void response.writeHead(401).end('Unauthorized');
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ sub: USER, email: 'somebody@example.test' }));
  });
}

/** Bytes that no other file has. */
export function someMp4(bytes = 40_000): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}

/** Uploads a guest's ZIP, has it tracked, and puts an MP4 where Oven would; gives what its callback says. */
export async function bakedTape(world: World, slug: string, mp4 = someMp4(), token: string | null = null) {
  const zip = token === null ? `/art/${slug}.zip` : `/user/${USER}/${slug}.zip`;
  world.storage.files.set(zip, { bytes: new Uint8Array(100) });
  const tracked = await world.track({ body: { slug, ext: 'zip' }, token });
  const { tapeId } = (await tracked.json()) as { tapeId: string };
  return { mp4, callback: callbackOf(world, tapeId, slug, mp4) };
}

/** Puts an MP4 into the storage, and gives the callback that Oven would send for it. */
export function callbackOf(world: World, mongoId: string, slug: string, mp4: Uint8Array) {
  world.storage.files.set(`/blobs/tapes/${slug}.mp4`, { bytes: mp4 });
  const base = `${world.storage.url}/blobs/tapes/${slug}`;
  return {
    mongoId,
    slug,
    mp4Url: `${base}.mp4`,
    thumbnailUrl: `${base}-thumb.jpg`,
    secret: SECRET,
    code: 'abc',
    width: 640,
    height: 320,
    duration: 8,
    bytes: mp4.length,
    outputs: {},
    metadata: {},
  };
}
