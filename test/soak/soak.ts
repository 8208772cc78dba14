import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fieldKiB } from '../../bench/memory.ts';
import { DEFAULT_OUTPUTS } from '../../service/bake/outputs.ts';
import { keyFor } from '../../service/storage/keys.ts';
import { until } from '../rig/until.ts';
import { HOSTILE_TAPES } from '../tapes/hostile.ts';
import { makeTape } from '../tapes/make.ts';
import { pick, type Random, seeded } from '../tapes/random.ts';
import { judge, type Sent, type Verdict } from './books.ts';
import type { Event, Plan } from './plan.ts';
import { SECRET, startWorld, type World } from './world.ts';

/** Seconds without a callback after which the rest counts as lost: a callback may wait six minutes, a fault pause two. */
const SETTLE_SECONDS = 900;

export interface SoakResult extends Verdict {
  readonly leftovers: readonly string[];
  readonly accepted: number;
  readonly kills: number;
  readonly figures: readonly string[];
}

/** Sends tapes to the service and calls its cancels while its neighbours fail as planned, and judges all of it from outside. `onLog` gets each line of the service's log. */
export async function soak(
  plan: Plan,
  seed: number,
  say: (line: string) => void,
  onLog: (line: string) => void = () => {},
): Promise<SoakResult> {
  const random = seeded(seed);
  const world = await startWorld(onLog);
  const stop = new AbortController();
  const sent: Sent[] = [];
  const pending: Promise<void>[] = [];
  try {
    const bad = await fillSource(world);
    const health = watchHealth(world, stop.signal);
    await until('the service answers', async () => (await fetch(`${world.url}/health`)).ok, 60);
    const begin = await measure(world);
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;

    const send = async () => {
      for (let n = 0; seconds() < plan.seconds; n++) {
        const tape = choose(random, n, bad);
        sent.push(tape);
        const submitted = submit(world, tape, seeded(seed + n), stop.signal);
        submitted.catch(() => {}); // it is awaited at the end
        pending.push(submitted);
        await delay(plan.every * 1000);
      }
    };
    const disturb = async () => {
      for (const event of plan.events) {
        await delay(Math.max(0, (event.at - seconds()) * 1000));
        say(
          `${seconds().toFixed(0)} s: ${wordsOf(event)}; ${sent.length} tapes sent, ${world.calls.length} calls`,
        );
        await carryOut(world, event);
      }
    };
    await Promise.all([send(), disturb()]);
    say(`${seconds().toFixed(0)} s: waiting for the last of ${sent.length} tapes`);
    await Promise.all(pending);
    await settle(world, sent);
    const leftovers = await findLeftovers(world, sent);
    const end = await measure(world);
    const { keys } = await world.stored();
    const verdict = judge(sent, world.calls, new Set(keys));
    const code = await world.service.end();
    if (code !== 0) leftovers.push(`the service ended with ${code}`);
    return {
      ...verdict,
      wrong: [...verdict.wrong, ...world.faults],
      leftovers,
      accepted: sent.filter(({ jobId }) => jobId !== undefined).length,
      kills: plan.events.filter(({ what }) => what === 'kill').length,
      figures: [
        `${seconds().toFixed(0)} s, ${sent.length} tapes: ${countBy(sent, ({ kind }) => kind)}`,
        `callbacks: ${world.calls.length}, of these repeated: ${world.calls.length - new Set(world.calls.map(({ slug }) => slug)).size}`,
        `ends: ${countBy(world.calls, ({ error }) => error?.code ?? 'baked')}`,
        `events: ${countBy(plan.events, ({ what }) => what)}; ends of the process that nobody asked for: ${world.service.exits()}`,
        `at the start: ${begin}`,
        `at the end: ${end}`,
        `/health while the process lived: ${health()}`,
      ],
    };
  } catch (error) {
    for (const line of world.service.log().slice(-60)) say(line);
    throw error;
  } finally {
    stop.abort();
    await world.stop();
  }
}

/** Fills the source with good and bad tapes, and gives the codes of the bad ones by name. */
async function fillSource({ tapes }: World): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'oven-soak-tapes-'));
  const path = join(folder, 'tape.zip');
  for (const [name, scene, seconds] of GOOD) {
    await makeTape(path, { scene, width: 64, height: 48, seconds, sound: seconds > 0.4 });
    tapes.set(name, await readFile(path));
  }
  await rm(folder, { recursive: true });
  const bad = new Map<string, string>();
  for (const [n, { make, limits, code }] of HOSTILE_TAPES.entries()) {
    const bytes = limits ? undefined : make();
    if (!bytes || bytes.length > 300_000) continue;
    tapes.set(`bad-${n}.zip`, bytes);
    bad.set(`bad-${n}.zip`, code);
  }
  return bad;
}

const GOOD = [
  ['sprites.zip', 'sprites', 0.5],
  ['paint.zip', 'paint', 0.3],
  ['noise.zip', 'noise', 0.2],
] as const;

const OUTPUTS = [undefined, undefined, undefined, ['webm'], ['gif', 'thumbnail']] as const;

type Chosen = Sent & { readonly body: { readonly file: string } };

/** Tape number `n`: of ten, seven are good, two are bad and one is cancelled. */
function choose(random: Random, n: number, bad: ReadonlyMap<string, string>): Chosen {
  const slug = `soak${n}`;
  const kind = pick(random, [
    'good',
    'good',
    'good',
    'good',
    'good',
    'good',
    'good',
    'bad',
    'bad',
    'cancelled',
  ] as const);
  const [file, code] = kind === 'bad' ? pick(random, [...bad]) : [pick(random, GOOD)[0], undefined];
  const kinds = pick(random, OUTPUTS);
  const outputs = kinds?.map((kind) => ({ kind })) ?? DEFAULT_OUTPUTS;
  const keys = outputs.map(({ kind }) => keyFor(slug, kind));
  return { slug, kind, code, keys, body: { file, ...(kinds && { outputs }) } };
}

/** Sends a tape until it is taken, as callers do; some twice. Then cancels it, if it is one to be cancelled. */
async function submit(world: World, tape: Chosen, random: Random, signal: AbortSignal): Promise<void> {
  const { slug, kind } = tape;
  const { file, ...more } = tape.body;
  const body = {
    mongoId: `id-${slug}`,
    slug,
    zipUrl: `${world.sourceUrl}/${slug}/${file}`,
    callbackUrl: `${world.receiverUrl}/hook`,
    callbackSecret: SECRET,
    metadata: { slug },
    ...(random() < 0.2 && { progressUrl: `${world.receiverUrl}/progress` }),
    ...more,
  };
  const isTwice = kind === 'good' && random() < 0.1;
  const cancelMs = random() * 2500;
  for (const _ of isTwice ? [1, 2] : [1]) {
    const { jobId } = await insist(signal, async () => {
      const answer = await post(world, '/bake', body);
      return answer.status === 202 || answer.status === 200
        ? ((await answer.json()) as { jobId: string })
        : refused(answer);
    });
    if (tape.jobId !== undefined && tape.jobId !== jobId) throw new Error(`${slug} has two jobs`);
    tape.jobId = jobId;
  }
  if (kind !== 'cancelled') return;
  await delay(cancelMs, undefined, { signal });
  let tries = 0;
  const isCancelled = await insist(signal, async () => {
    tries += 1;
    const answer = await post(world, `/jobs/${tape.jobId}/cancel`, {});
    return answer.status === 200 || answer.status === 409 ? answer.status === 200 : refused(answer);
  });
  // An earlier try, whose answer was lost, may have cancelled what has ended now.
  if (isCancelled || tries === 1) tape.isCancelled = isCancelled;
}

function post({ url }: World, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` };
  const signal = AbortSignal.timeout(30_000);
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal });
}

/** A refusal that may pass. Throws what a caller would not try again. */
function refused({ status }: Response): undefined {
  if (status < 500 && status !== 429) throw new Unwanted(`the service answered ${status}`);
}

class Unwanted extends Error {
  override readonly name = 'Unwanted';
}

const INSIST_MS = 500;

/** Asks again and again, through restarts and outages, until there is an answer. Throws Unwanted, and the signal's reason. */
async function insist<T>(signal: AbortSignal, ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask().catch((error: Error) => {
      if (error instanceof Unwanted) throw error;
    });
    if (answer !== undefined) return answer;
    await delay(INSIST_MS, undefined, { signal });
  }
}

async function carryOut(world: World, event: Event): Promise<void> {
  if (event.what === 'begin') await world.begin(event.neighbour, event.state);
  else if (event.what === 'end') await world.end(event.neighbour);
  else if (event.what === 'kill') await world.kill(event.victim);
  else await world.service.stop('SIGTERM');
}

function wordsOf(event: Event): string {
  if (event.what === 'kill') return `kill ${event.victim}`;
  return event.what === 'restart' ? 'restart' : `${event.what} ${event.neighbour} ${event.state}`;
}

/** Waits for the last callbacks, for as long as some come. */
async function settle({ calls }: World, sent: readonly Sent[]): Promise<void> {
  const isCalledBack = ({ slug }: Sent) => calls.some((call) => call.slug === slug);
  for (let last = -1; last !== calls.length; ) {
    last = calls.length;
    const isOver = () => sent.every(isCalledBack) || calls.length > last;
    await until('a callback', isOver, SETTLE_SECONDS).catch(() => {});
    if (sent.every(isCalledBack)) return;
  }
}

/**
 * Working folders, unfinished uploads and jobs that have not ended. The last folders and uploads may take a moment; what begins after
 * them, such as a self-check, is not left over.
 */
async function findLeftovers(world: World, sent: readonly Sent[]): Promise<string[]> {
  const found = async () => [
    ...(await readdir(world.temp)).map((name) => `in TEMP_DIR: ${name}`),
    ...(await world.stored()).unfinished.map((key) => `an unfinished upload of ${key}`),
  ];
  const left = await until('nothing is left', async () => (await found()).length === 0, 60).then(
    () => [],
    found,
  );
  const unended: string[] = [];
  for (const { slug, jobId } of sent) {
    const answer = await fetch(`${world.url}/status/${jobId}`);
    const { status } = (await answer.json()) as { status?: string };
    if (status !== 'done' && status !== 'failed')
      unended.push(`the job of ${slug} is ${status ?? answer.status}`);
  }
  return [...left, ...unended];
}

/** Memory and descriptors of the service, in words. */
async function measure({ service }: World): Promise<string> {
  const pid = service.pid();
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return `${(fieldKiB(status, 'VmRSS') / 1024).toFixed(0)} MiB resident, ${fds.length} descriptors`;
}

/** Asks /health every half second, and gives what came of it in words. */
function watchHealth({ url, service }: World, signal: AbortSignal): () => string {
  let [worst, answers, silent] = [0, 0, 0];
  const watch = async () => {
    while (!signal.aborted) {
      const pid = service.pid();
      const began = performance.now();
      const isAnswered = await fetch(`${url}/health`, { signal: AbortSignal.timeout(20_000) }).then(
        async (answer) => (await answer.text()) !== '',
        () => false,
      );
      if (isAnswered) {
        answers += 1;
        worst = Math.max(worst, performance.now() - began);
      } else if (pid === service.pid() && performance.now() - began > 10_000) silent += 1;
      await delay(500, undefined, { signal }).catch(() => {});
    }
  };
  void watch();
  return () =>
    `${answers} answers, the slowest after ${worst.toFixed(0)} ms; ${silent} without an answer in 10 s`;
}

function countBy<T>(list: readonly T[], key: (item: T) => string): string {
  const counts = new Map<string, number>();
  for (const item of list) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
