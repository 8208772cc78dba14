import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { type RedisRig, startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';
import { type Holds, holdFfmpeg, holdsIn } from './holds.ts';
import { type Outside, startOutside } from './outside.ts';
import type { Kill, Victim } from './plan.ts';
import { type ServiceRig, serviceRig } from './service.ts';

const SECRET = 'the secret of the crash test';

/** The result of a run. */
export interface Outcome {
  readonly kills: number;
  readonly accepted: readonly string[];
  /** Faults in words; empty if there is none. */
  readonly wrong: readonly string[];
}

interface Stage {
  readonly root: string;
  readonly redis: RedisRig;
  readonly outside: Outside;
  readonly holds: Holds;
  readonly service: ServiceRig;
  readonly say: (line: string) => void;
}

/** Starts real but small backends, carries out the kills, and checks what became of every accepted tape. */
export async function crash(plan: readonly Kill[], say: (line: string) => void): Promise<Outcome> {
  const root = await mkdtemp(join(tmpdir(), 'oven-crash-'));
  const path = (name: string) => join(root, name);
  for (const name of ['holds', 'temp', 'blobs', 'art']) await mkdir(path(name));
  const holds = holdsIn(path('holds'));
  await makeTape(path('tape.zip'), { scene: 'sprites', width: 64, height: 48, seconds: 0.5, sound: true });
  await holdFfmpeg(path('bin'), path('holds'), (await execa('which', ['ffmpeg'])).stdout);
  const redis = await startRedis();
  const outside = await startOutside(await readFile(path('tape.zip')), SECRET, holds);
  const service = serviceRig({
    PATH: `${path('bin')}${delimiter}${process.env.PATH}`,
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: '0',
    MIN_FREE_MB: '0',
    CONCURRENCY: '2',
    REDIS_URL: redis.url,
    TEMP_DIR: path('temp'),
    CALLBACK_SECRET: SECRET,
    CRASH_HOLDS: path('holds'),
    ART_SPACES_ENDPOINT: `file://${path('art')}`,
    AT_BLOBS_SPACES_ENDPOINT: `file://${path('blobs')}`,
    ALLOWED_SOURCES: outside.url,
    ALLOWED_CALLBACKS: outside.url,
    LOG_LEVEL: 'info',
  });
  const stage: Stage = { root, redis, outside, holds, service, say };
  const accepted: string[] = [];
  try {
    await service.start();
    for (const [n, kill] of plan.entries()) {
      await carryOut(stage, kill, `crash${n}`);
      accepted.push(`crash${n}`);
      say(`${n + 1}/${plan.length} ${kill.victim} killed: ${where(kill)}`);
    }
    return { kills: plan.length, accepted, wrong: await judge(stage, accepted) };
  } catch (error) {
    for (const line of service.log()) say(line);
    throw error;
  } finally {
    await service.kill();
    await outside.close();
    await redis.stop();
    await rm(root, { recursive: true, force: true });
  }
}

async function carryOut(stage: Stage, { victim, at }: Kill, slug: string): Promise<void> {
  const { holds, outside } = stage;
  const held = typeof at === 'number' || at === 'accepted' || at === 'answered' ? undefined : at;
  if (held) await holds.set(held, slug);
  await submit(stage, slug);
  if (held) await holds.isReached(held, slug);
  if (at === 'answered') {
    await until(`the callback of ${slug}`, () => outside.calls.some((call) => call.slug === slug), 120);
  }
  if (typeof at === 'number') await delay(at); // a kill at any moment
  await end(stage, victim);
  if (held) await holds.release(held, slug);
  await begin(stage, victim);
}

async function end({ service, redis }: Stage, victim: Victim): Promise<void> {
  if (victim !== 'redis') await service.kill();
  if (victim !== 'service') await redis.kill();
}

async function begin({ service, redis }: Stage, victim: Victim): Promise<void> {
  if (victim !== 'service') await redis.start();
  if (victim !== 'redis') await service.start();
}

/** Sends the request again until it is accepted, as callers do. */
async function submit({ service, outside }: Stage, slug: string): Promise<void> {
  const body = {
    mongoId: `id-${slug}`,
    slug,
    zipUrl: `${outside.url}/${slug}.zip`,
    callbackUrl: `${outside.url}/hook`,
    callbackSecret: SECRET,
    metadata: { slug },
  };
  await until(`${slug} is accepted`, async () => {
    const headers = { 'content-type': 'application/json' };
    const how = { method: 'POST', headers, body: JSON.stringify(body) };
    const { status } = await fetch(`${service.url()}/bake`, how);
    if (status >= 400 && status < 500) throw new Error(`${status}`);
    return status === 202 || status === 200;
  });
}

async function judge(stage: Stage, accepted: readonly string[]): Promise<string[]> {
  const { outside, service, root, say } = stage;
  const missing = () => accepted.filter((slug) => !outside.calls.some((call) => call.slug === slug));
  say('waiting for the last callbacks');
  await until('all callbacks', () => missing().length === 0, 180).catch(() => {});
  const wrong = [...outside.faults, ...missing().map((slug) => `${slug} is lost: no callback`)];
  for (const slug of accepted) {
    const calls = outside.calls.filter((call) => call.slug === slug);
    if (new Set(calls.map(({ id }) => id)).size > 1) wrong.push(`${slug} has more than one webhook-id`);
    for (const { error } of calls) if (error) wrong.push(`${slug} failed: ${error.code}`);
    const [call] = calls;
    if (call?.mp4Url === undefined) continue;
    const mp4 = await fetch(call.mp4Url.replace(/^http:\/\/[^/]+/, service.url()));
    const start = Buffer.from(await mp4.arrayBuffer()).toString('latin1', 4, 8);
    if (start !== 'ftyp') wrong.push(`${slug} has a callback, but no video (${mp4.status})`);
  }
  const left = async () => (await readdir(join(root, 'temp'))).length === 0;
  await until('TEMP_DIR is empty', left, 60).catch(() => {});
  for (const name of await readdir(join(root, 'temp'))) wrong.push(`left in TEMP_DIR: ${name}`);
  const twice = outside.calls.length - new Set(outside.calls.map(({ slug }) => slug)).size;
  say(`${accepted.length} tapes accepted, ${outside.calls.length} callbacks taken, ${twice} of them again`);
  if ((await service.end()) !== 0) wrong.push('the service did not end well');
  return wrong;
}

function where({ at }: Kill): string {
  if (typeof at === 'number') return `${at} ms after a tape was accepted`;
  return at === 'accepted' || at === 'answered' ? at : `held in ${at}`;
}
