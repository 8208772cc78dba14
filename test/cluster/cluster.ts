import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Call, readCall } from '../crash/outside.ts';
import { freePort } from '../rig/port.ts';
import { startRedis } from '../rig/redis.ts';
import { startS3 } from '../rig/s3.ts';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';
import { type Host, makeHost } from './hosts.ts';
import { HUB_ADDRESS, type Network, setCable } from './network.ts';

const SECRET = 'the secret of the cluster test';

export interface Plan {
  /** Tapes of each phase. */
  readonly tapes: number;
  /** Also measures how fast one host alone bakes. */
  readonly measureOne: boolean;
  /** How long a host is cut off. */
  readonly cutSeconds: number;
}

export const SHORT: Plan = { tapes: 4, measureOne: false, cutSeconds: 2 };
export const LONG: Plan = { tapes: 43, measureOne: true, cutSeconds: 60 };

export interface Verdict {
  readonly accepted: number;
  readonly delivered: number;
  /** Faults in words; empty if there is none. */
  readonly wrong: readonly string[];
  /** Tapes a minute of each phase. */
  readonly rates: Readonly<Record<string, number>>;
}

/** Runs three hosts on one queue inside the hub's namespace, takes from each what it needs, and judges what became of every tape. */
export async function runCluster(
  network: Pick<Network, 'hosts'>,
  plan: Plan,
  say: (line: string) => void,
): Promise<Verdict> {
  const root = await mkdtemp(join(tmpdir(), 'oven-cluster-'));
  await makeTape(join(root, 'tape.zip'), {
    scene: 'sprites',
    width: 64,
    height: 48,
    seconds: 0.5,
    sound: true,
  });
  const tape = await readFile(join(root, 'tape.zip'));
  const port = await freePort();
  const redis = await startRedis(['--bind', HUB_ADDRESS, '--port', `${port}`, '--protected-mode', 'no']);
  const s3 = await startS3();
  await s3.make('blobs', 'public');
  await s3.make('art', 'private');
  const buckets = await forward(Number(s3.endpoint.port));
  const outside = await startOutside(tape);
  const endpoint = `http://${HUB_ADDRESS}:${buckets.port}`;
  const keysOf = (prefix: string, bucket: string) => ({
    [`${prefix}_SPACES_ENDPOINT`]: endpoint,
    [`${prefix}_SPACES_BUCKET`]: bucket,
    [`${prefix}_SPACES_KEY`]: s3.key,
    [`${prefix}_SPACES_SECRET`]: s3.secret,
  });
  const env = {
    NODES: `${network.hosts.length}`,
    REDIS_URL: `redis://${HUB_ADDRESS}:${port}`,
    CONCURRENCY: '1',
    MAX_QUEUED: '5000',
    MIN_FREE_MB: '1',
    CALLBACK_SECRET: SECRET,
    ALLOWED_SOURCES: outside.url,
    ALLOWED_CALLBACKS: outside.url,
    ...keysOf('ART', 'art'),
    ...keysOf('AT_BLOBS', 'blobs'),
  };
  const hosts = await Promise.all(
    network.hosts.map(({ namespace, address }, n) =>
      makeHost({ name: `oven-${n + 1}`, namespace, address, folder: join(root, `${n + 1}`), env }),
    ),
  );
  const [first, second, third] = hosts as [Host, Host, Host];
  const accepted: string[] = [];
  const rates: Record<string, number> = {};
  const wrong: string[] = [];
  const known = () => new Set(outside.calls.map(({ slug }) => slug));

  /** Sends the phase's tapes to the hosts in turn, does what it does to them, and waits for every callback. */
  const phase = async (
    name: string,
    among: readonly Host[],
    disturb: () => Promise<unknown> = async () => {},
  ) => {
    const began = performance.now();
    const slugs = Array.from({ length: plan.tapes }, (_, n) => `${name.replaceAll(' ', '-')}-${n}`);
    const sending = Promise.all(slugs.map((slug, n) => submit(slug, outside.url, among, n)));
    await Promise.all([sending, disturb()]);
    accepted.push(...slugs);
    await until(`all tapes of "${name}"`, () => slugs.every((slug) => known().has(slug)), 600).catch(
      (error: Error) => wrong.push(error.message),
    );
    rates[name] = Math.round((plan.tapes * 60_000) / (performance.now() - began));
    say(`${name}: ${plan.tapes} tapes, ${rates[name]} a minute`);
  };
  /** A few callbacks of the phase have come, so that jobs run and wait at this moment. */
  const underWay = async () => {
    const before = known().size;
    await until('the phase is under way', () => known().size > before, 60);
  };

  try {
    await first.start();
    if (plan.measureOne) await phase('one host alone', [first]);
    await Promise.all([second.start(), third.start()]);
    if (plan.measureOne) await phase('three hosts', hosts);
    await phase('one host is killed', hosts, async () => {
      await underWay();
      await first.kill();
      await delay(1000); // as systemd starts it again
      await first.start();
    });
    await phase(`one host is cut off for ${plan.cutSeconds} s`, hosts, async () => {
      await underWay();
      await setCable(1, 'down');
      await delay(plan.cutSeconds * 1000);
      await setCable(1, 'up');
    });
    await phase('Redis is killed', hosts, async () => {
      await underWay();
      await redis.kill();
      await redis.start();
    });
    await phase('one host has a full disk', hosts, () => third.fillDisk());
    await phase('and another has no encoder', hosts, () => second.removeEncoder());
    wrong.push(...(await judgeHealth(hosts)));
    await Promise.all([second.addEncoder(), third.emptyDisk()]);
    wrong.push(...judge(accepted, outside.calls, outside.faults, hosts));
    const givenBack = hosts.flatMap(({ lines }) => lines.filter(({ msg }) => msg === 'bake postponed'));
    say(`${givenBack.length} bakes were given back, and spent no attempt`);
    if (givenBack.length === 0) wrong.push('no host met its fault');
    for (const host of hosts) {
      const code = await host.end();
      if (code !== 0) wrong.push(`${host.name} ended with ${code}`);
    }
    const keys = await s3.keys('blobs');
    for (const slug of accepted) if (!keys.includes(`tapes/${slug}.mp4`)) wrong.push(`${slug} is not stored`);
    return { accepted: accepted.length, delivered: known().size, wrong, rates };
  } finally {
    for (const host of hosts) await host.close();
    await outside.close();
    await buckets.close();
    await s3.stop();
    await redis.stop();
    await rm(root, { recursive: true, force: true });
  }
}

/** Sends a tape to a host, and to the next one if that does not take it, as callers behind a load balancer do. */
async function submit(slug: string, outside: string, hosts: readonly Host[], first: number): Promise<void> {
  const body = JSON.stringify({
    mongoId: `id-${slug}`,
    slug,
    zipUrl: `${outside}/${slug}.zip`,
    callbackUrl: `${outside}/hook`,
    callbackSecret: SECRET,
  });
  let n = first;
  await until(
    `${slug} is taken`,
    async () => {
      const host = hosts[n++ % hosts.length]!;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${host.url}/bake`, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(5000),
      });
      if (answer.status >= 400 && answer.status < 500) throw new Error(`${answer.status}`);
      return answer.ok;
    },
    120,
  );
}

/** The hosts that can not bake have stopped, and say why to a load balancer. */
async function judgeHealth([first, second, third]: readonly Host[]): Promise<string[]> {
  const wrong: string[] = [];
  const expected = [
    [first, 200, undefined],
    [second, 503, 'FFMPEG_MISSING'],
    [third, 503, 'DISK'],
  ] as const;
  for (const [host, status, code] of expected) {
    const answer = await fetch(`${host!.url}/health/host`);
    const { reasons = [] } = (await answer.json()) as { reasons?: { code: string }[] };
    const isNamed = code === undefined || reasons.some((reason) => reason.code.startsWith(code));
    if (answer.status !== status || !isNamed)
      wrong.push(`${host!.name} says ${answer.status} ${JSON.stringify(reasons)}`);
  }
  return wrong;
}

/** Compares what was accepted with the callbacks that came and with what the hosts logged. Pure. */
function judge(
  accepted: readonly string[],
  calls: readonly Call[],
  faults: readonly string[],
  hosts: readonly Host[],
): string[] {
  const wrong = [...faults];
  for (const slug of accepted) {
    const own = calls.filter((call) => call.slug === slug);
    if (own.length === 0) wrong.push(`${slug} is lost: no callback`);
    if (new Set(own.map(({ id }) => id)).size > 1) wrong.push(`${slug} has more than one webhook-id`);
    for (const { error } of own) if (error) wrong.push(`${slug} failed: ${error.code}`);
  }
  for (const { name, lines } of hosts) {
    const failed = lines.filter(({ msg }) => msg === 'bake failed');
    for (const { slug, code } of failed) wrong.push(`${name} spent an attempt of ${slug}: ${code}`);
  }
  return wrong;
}

/** The source of the tapes and the receiver of callbacks. */
async function startOutside(tape: Buffer) {
  const [calls, faults]: [Call[], string[]] = [[], []];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const call = await readCall(request, SECRET);
    if (response.destroyed) return;
    calls.push(call);
    response.end();
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.writeHead(200, { 'content-length': tape.length }).end(tape);
    else
      take(request, response).catch((error: Error & { code?: string }) => {
        // A host that is killed or cut off in the middle sends it again.
        if (error.code !== 'ECONNRESET') faults.push(error.message);
        response.destroy();
      });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, HUB_ADDRESS, resolve));
  return {
    url: `http://${HUB_ADDRESS}:${port}`,
    calls: calls as readonly Call[],
    faults: faults as readonly string[],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Lets hosts reach a port of the hub's loopback. */
async function forward(to: number) {
  const server = createTcpServer((near) => {
    const far = connect(to, '127.0.0.1');
    near.pipe(far);
    far.pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, HUB_ADDRESS, resolve));
  return { port, close: () => new Promise((resolve) => server.close(resolve)) };
}
