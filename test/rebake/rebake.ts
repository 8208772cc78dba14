import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../rig/redis.ts';
import { until } from '../rig/until.ts';

const SERVICE = fileURLToPath(new URL('service.ts', import.meta.url));
const OVEN = fileURLToPath(new URL('../../bin/oven.js', import.meta.url));
const SECRET = 'the-secret-of-the-rebake';
/** Bakes at once in the stand-in's worker. */
const CONCURRENCY = 2;

interface Event {
  readonly event: 'begin' | 'end' | 'delivered' | 'asked';
  readonly slug: string;
  readonly jobId?: string;
  readonly callbackId?: string;
  readonly publish?: boolean;
}

export interface Outcome {
  /** What was wrong; empty if every tape was baked once. */
  readonly wrong: readonly string[];
  readonly stdout: string;
  /** Bakes that began between the interactive tape's acceptance and its own begin. */
  readonly passedBy: number;
  readonly seconds: number;
}

/**
 * Bakes `tapes` tapes again, a tenth of which were baked before, while command and service are killed in turn, three times each. In
 * the middle a tape comes without a priority.
 */
export async function rebakeWithKills(tapes: number, bakeMs: number): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-rebake-'));
  const [events, list] = [join(folder, 'events'), join(folder, 'list.jsonl')];
  await writeFile(events, '');
  const redis = await startRedis();
  const began = performance.now();
  const read = async (): Promise<Event[]> =>
    (await readFile(events, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const service = serviceIn({ SECRET, REDIS: redis.url, EVENTS: events, BAKE_MS: String(bakeMs) });
  const bodies = Array.from({ length: tapes }, (_, n) => bodyOf(n % 50 === 7 ? `bad${n}` : `t${n}`));
  await writeFile(list, bodies.map((body) => `${JSON.stringify(body)}\n`).join(''));
  const old = bodies.filter((_, n) => n % 10 === 0);
  let cli: Command | undefined;
  try {
    await service.start();
    for (const body of old) await send(service.url(), body);
    const ended = (all: readonly Event[]) => all.filter(({ event }) => event === 'delivered').length;
    await until('the old bakes have ended', async () => ended(await read()) === old.length, 120);

    const start = () => {
      cli = runOven(['rebake', '--list', list, '--yes', '--in-flight', '8'], service.url(), folder);
      return cli;
    };
    start();
    let passedBy = -1;
    for (let kill = 1; kill <= 6; kill += 1) {
      const mark = old.length + Math.floor((tapes * kill) / 8);
      await until(`${mark} tapes have ended`, async () => ended(await read()) >= mark, 300);
      if (kill === 4) passedBy = await askInTheMiddle(service.url(), events, read);
      if (kill % 2 === 1) {
        await cli!.kill();
        start();
      } else {
        await service.kill();
        await service.start();
      }
    }
    const { stdout, stderr, exitCode } = await cli!.ended;
    const mark = old.length + tapes + 1;
    await until('all callbacks', async () => callbacksOf(await read()).size >= mark, 120).catch(() => {});
    const again = await runOven(['rebake', '--list', list, '--yes'], service.url(), folder).ended;
    const wrong = judge(
      await read(),
      bodies.map(({ slug }) => slug),
      new Set(old.map(({ slug }) => slug)),
    );
    if (exitCode !== 1) wrong.push(`the command ended with ${exitCode}: ${stderr}`); // some tapes are bad
    if (again.stdout !== stdout) wrong.push('a run that has ended does not report the same again');
    return { wrong, stdout, passedBy, seconds: (performance.now() - began) / 1000 };
  } finally {
    await cli?.kill();
    await service.kill();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every tape has one job of this run, and one callback of it; one that was baked before has those of before too. */
function judge(events: readonly Event[], slugs: readonly string[], old: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  const jobs = Map.groupBy(events, ({ slug }) => slug);
  for (const slug of slugs) {
    const mine = jobs.get(slug) ?? [];
    const expected = old.has(slug) ? 2 : 1;
    const count = (select: (event: Event) => string | undefined) =>
      new Set(mine.map(select).filter(Boolean)).size;
    const [made, called] = [count(({ jobId }) => jobId), count(({ callbackId }) => callbackId)];
    if (made !== expected || called !== expected)
      wrong.push(`${slug}: ${made} jobs, ${called} callbacks, not ${expected}`);
    const ends = mine.filter(({ event }) => event === 'end').length;
    // A killed service may end a bake and not record it: the bake begins anew then, under the same job.
    if (ends < (slug.startsWith('bad') ? 0 : expected)) wrong.push(`${slug} was baked ${ends} times`);
    const published = mine.filter(({ event, publish }) => event === 'begin' && publish !== false);
    if (new Set(published.map(({ jobId }) => jobId)).size !== expected - 1)
      wrong.push(`${slug} was published`);
  }
  return wrong;
}

function callbacksOf(events: readonly Event[]): Set<string> {
  return new Set(events.flatMap(({ callbackId }) => callbackId ?? []));
}

/** Sends a tape as the site does, and returns how many others began after it was accepted and before it. */
async function askInTheMiddle(url: string, events: string, read: () => Promise<Event[]>): Promise<number> {
  await send(url, bodyOf('interactive'));
  await writeFile(events, `${JSON.stringify({ event: 'asked', slug: 'interactive' })}\n`, { flag: 'a' });
  const all = await until('it begins', async () => {
    const found = await read();
    return found.some(({ event, slug }) => event === 'begin' && slug === 'interactive') && found;
  });
  const begin = all.findIndex(({ event, slug }) => event === 'begin' && slug === 'interactive');
  const asked = all.findIndex(({ event }) => event === 'asked');
  return all.slice(Math.min(asked, begin), begin).filter(({ event }) => event === 'begin').length;
}

/** How many may begin before it at most: those that the worker took while the tape was being accepted. */
export const UNDER_WAY = CONCURRENCY;

function bodyOf(slug: string) {
  return {
    mongoId: `id-${slug}`,
    slug,
    zipUrl: `https://art.test/${slug}.zip?signature=1`,
    callbackUrl: 'https://site.test/hook',
    code: slug,
  };
}

async function send(url: string, body: object): Promise<void> {
  await until('the tape is accepted', async () => {
    const response = await fetch(`${url}/bake`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, callbackSecret: SECRET }),
    });
    return response.ok;
  });
}

interface Command {
  readonly ended: Promise<{
    readonly stdout: string;
    readonly stderr: string;
    readonly exitCode: number | null;
  }>;
  kill(): Promise<void>;
}

function runOven(args: readonly string[], url: string, cwd: string): Command {
  const env = { PATH: process.env.PATH, OVEN_URL: url, CALLBACK_SECRET: SECRET };
  const child = spawn(process.execPath, [OVEN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  const ended = once(child, 'close').then(([exitCode]) => ({ ...text, exitCode: exitCode as number | null }));
  return {
    ended,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** The service in a process of its own, on one port for all its lives. */
function serviceIn(env: NodeJS.ProcessEnv) {
  let child: ChildProcess | undefined;
  let url = '';
  return {
    url: () => url,
    start: async () => {
      const port = url === '' ? '0' : new URL(url).port;
      const started = spawn(process.execPath, [SERVICE], {
        env: { PATH: process.env.PATH, ...env, PORT: port },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      child = started;
      const [line] = (await once(createInterface(started.stdout!), 'line')) as [string];
      url = line;
    },
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
