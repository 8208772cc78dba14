import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono, type MiddlewareHandler } from 'hono';
import { cloudflare, type Networks } from './cloudflare/app.ts';
import { type Authority, openAuthority } from './cloudflare/authority.ts';
import { digitalocean } from './digitalocean/app.ts';
import { type Fault, Faults, type OrderedFault } from './faults.ts';
import { type Hardware, memorySpaces, type SpacesAccess } from './hardware.ts';
import { type Call, renderLog } from './log.ts';
import { renderPicture } from './picture.ts';
import { cloudflareError, digitaloceanError } from './refusal.ts';
import type { State } from './state.ts';
import { type Env, World } from './world.ts';

/** Where a server can be reached, and how to end it. */
export interface Listening {
  /** Such as http://192.0.2.1:8080, without a path. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ApiOptions {
  readonly hardware: Hardware;
  /** `ssl` is the zone's mode: off, flexible, full or strict. */
  readonly zone: { readonly id: string; readonly name: string; readonly ssl?: string };
  /** What has to be sent as `Authorization: Bearer …`; made up when left out. */
  readonly tokens?: { readonly digitalocean: string; readonly cloudflare: string };
  /** Serves on a socket of the caller's; loopback and a free port when left out. */
  readonly listen?: (handler: RequestListener) => Promise<Listening>;
  readonly spaces?: SpacesAccess;
  /** Who signs origin certificates. An own one when left out; then `close` also closes it. */
  readonly authority?: Authority;
  /** What Cloudflare says its networks are. */
  readonly networks?: Networks;
  /** Addresses that alerts may be mailed to; any when left out. */
  readonly emails?: readonly string[];
  /** How often an action looks unfinished although its work is done; 1 when left out. Each costs a client its pause. */
  readonly polls?: number;
  /** Regions where the account has a VPC already. Where it has none, the first that is made can't be deleted, as in the real thing. */
  readonly regionsInUse?: readonly string[];
  /** Hears of each call when it is over, such as to print it. */
  readonly onCall?: (call: Call) => void;
}

/** Both clouds' APIs, and what a test may see and do behind their backs. */
export interface Api {
  /** For `digitalocean:apiEndpoint`. */
  readonly digitalocean: string;
  /** For `cloudflare:baseUrl`. */
  readonly cloudflare: string;
  readonly tokens: { readonly digitalocean: string; readonly cloudflare: string };
  readonly authority: Authority;
  /** What exists; to be read, not to be changed. */
  readonly state: State;
  readonly calls: readonly Call[];
  /** Orders an error. */
  fault(fault: Fault): OrderedFault;
  /** Takes back all errors; actions that never end come to an end. */
  clearFaults(): void;
  /** All calls so far, a line each. */
  log(): string;
  /** What exists now, as text. */
  picture(): string;
  /** Does a call as a person with a control panel would. Gives what was answered; throws for an error. It is logged as any other. */
  byHand(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Resolves when the hardware has nothing left to do. */
  settled(): Promise<void>;
  /** Stops the server. It does not wait for the hardware, because an action may never end. */
  close(): Promise<void>;
}

const NETWORKS: Networks = { ipv4: ['173.245.48.0/20', '103.21.244.0/22'], ipv6: ['2400:cb00::/32'] };
/** Where Cloudflare's API begins. */
const CLOUDFLARE_BASE = '/client/v4';

/** Opens both APIs on one server. */
export async function openApi(options: ApiOptions): Promise<Api> {
  const { hardware, zone, networks = NETWORKS, polls = 1, onCall = () => {} } = options;
  const tokens = options.tokens ?? { digitalocean: `dop_v1_${made()}`, cloudflare: made() };
  const authority = options.authority ?? openAuthority();
  const calls: Call[] = [];
  const note = (call: Call) => {
    calls.push(call);
    onCall(call);
  };
  const trouble = (did: string) =>
    note({ at: new Date(), method: '-', path: '(hardware)', status: 500, did });
  const world = new World({
    hardware,
    authority,
    trouble,
    spaces: options.spaces ?? memorySpaces(),
    emails: options.emails,
    zone: { id: zone.id, name: zone.name, ssl: zone.ssl ?? 'strict', sslModifiedOn: null },
  });
  for (const region of options.regionsInUse ?? []) addDefaultVpc(world, region);
  const faults = new Faults();

  const app = new Hono<Env & { Bindings: Partial<HttpBindings> }>();
  app.use(logging(note), faulty(faults, polls));
  app.route('/v2', digitalocean(world, tokens.digitalocean));
  app.route(CLOUDFLARE_BASE, cloudflare(world, { token: tokens.cloudflare, networks }));
  app.notFound((c) => c.json({ message: 'neither /v2 nor /client/v4' }, 404));
  const server = await (options.listen ?? onLoopback)(getRequestListener(app.fetch));

  return {
    tokens,
    authority,
    calls,
    state: world.state,
    digitalocean: server.url,
    cloudflare: `${server.url}${CLOUDFLARE_BASE}`,
    fault: (fault) => faults.add(fault),
    clearFaults: () => {
      faults.clear();
      world.endActions();
    },
    log: () => renderLog(calls),
    picture: () => renderPicture(world.state),
    byHand: async (method, path, body) => {
      const token = path.startsWith(CLOUDFLARE_BASE) ? tokens.cloudflare : tokens.digitalocean;
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await app.request(path, { method, headers, ...sent });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    settled: () => world.settled(),
    close: async () => {
      await server.close();
      if (options.authority === undefined) await authority.close();
    },
  };
}

function made(): string {
  return randomBytes(20).toString('hex');
}

function addDefaultVpc({ state, now }: World, region: string): void {
  const id = state.nextUuid();
  const about = {
    name: `default-${region}`,
    description: '',
    region,
    ipRange: `10.${state.vpcs.size}.0.0/20`,
  };
  state.vpcs.set(id, { id, ...about, isDefault: true, createdAt: now() });
}

function logging(note: (call: Call) => void): MiddlewareHandler<Env> {
  return async (c, next) => {
    const at = new Date();
    c.set('did', '');
    await next();
    const { method, path } = c.req;
    note({ at, method, path, status: c.res.headers.get('x-cut') ? 0 : c.res.status, did: c.get('did') });
  };
}

/** Lets calls meet the faults that were ordered for them. */
function faulty(faults: Faults, polls: number): MiddlewareHandler<Env & { Bindings: Partial<HttpBindings> }> {
  return async (c, next) => {
    const fault = faults.meet(c.req.method, c.req.path);
    c.set('polls', fault && 'polls' in fault ? fault.polls : polls);
    if (!fault || 'polls' in fault) return next();
    if ('cut' in fault) {
      if (fault.cut === 'after') await next();
      c.set(
        'did',
        fault.cut === 'after' ? `${c.get('did')}; cut before the answer` : 'cut before anything was done',
      );
      c.env?.outgoing?.destroy();
      c.res = new Response(null, { status: 500, headers: { 'x-cut': 'yes' } });
      return;
    }
    const { status, retryAfter, message = MESSAGES[status] ?? 'told to refuse this' } = fault;
    const body = c.req.path.startsWith(CLOUDFLARE_BASE)
      ? cloudflareError(status, message)
      : digitaloceanError(status, message);
    if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
    c.set('did', `error on demand: ${message}`);
    return c.json(body, status);
  };
}

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Unable to authenticate you',
  429: 'API rate limit exceeded.',
  500: 'Server was unable to give you a response.',
  502: 'Bad gateway',
  503: 'Service temporarily unavailable',
};

async function onLoopback(handler: RequestListener): Promise<Listening> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Longer than any client pauses: one that asks again just while its connection is closed would see an error.
  server.keepAliveTimeout = 120_000;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
