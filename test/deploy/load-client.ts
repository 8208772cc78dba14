/**
 * Run in the client's namespace by load.ts: asks a host over TLS at a steady rate, for so many seconds at most, and prints
 * what came of it as a line of JSON for each lap. No request is repeated: what fails is lost, and what is told when to come again
 * is counted apart.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { LoadPlan, LoadResult } from './load.ts';

/** What is asked from one lap to the next. */
class Lap {
  asked = 0;
  readonly lost: string[] = [];
  readonly refused: string[] = [];
  readonly tapes: string[] = [];
  readonly releases = new Set<string>();
  worstMs = 0;
  readonly pending = new Set<Promise<void>>();

  async result(): Promise<LoadResult> {
    await Promise.all(this.pending);
    const { asked, lost, refused, tapes, releases, worstMs } = this;
    return { asked, lost, refused, tapes, releases: [...releases], worstMs };
  }
}

const plan = JSON.parse(process.argv[2]!) as LoadPlan;
const agent = new Agent({ keepAlive: true, maxSockets: 100, ca: readFileSync(plan.caFile) });
let lap = new Lap();
let count = 0;
/** Laps are told one after the other. */
let saying = Promise.resolve();

const timer = setInterval(tick, 1000 / plan.perSecond);
const end = setTimeout(finish, plan.seconds * 1000);
createInterface({ input: process.stdin })
  .on('line', () => void nextLap())
  .once('close', finish);
console.log('started');

function nextLap(): Promise<void> {
  const over = lap;
  lap = new Lap();
  saying = saying.then(async () => console.log(JSON.stringify(await over.result())));
  return saying;
}

function tick(): void {
  const number = count++;
  const at = lap;
  at.asked++;
  const slug = plan.slugs[Math.floor(number / plan.tapeEvery)];
  const isTape = number % plan.tapeEvery === plan.tapeEvery - 1 && slug !== undefined;
  const one = isTape ? bake(at, slug) : health(at);
  at.pending.add(one);
  one.finally(() => at.pending.delete(one));
}

async function health(at: Lap): Promise<void> {
  const answer = await ask(at, 'GET', '/health');
  if (answer !== undefined) at.releases.add(String((JSON.parse(answer) as { release?: string }).release));
}

async function bake(at: Lap, slug: string): Promise<void> {
  const body = JSON.stringify({ ...plan.tape, slug, mongoId: `id-${slug}`, zipUrl: plan.zipUrl });
  if ((await ask(at, 'POST', '/bake', body)) !== undefined) at.tapes.push(slug);
}

async function ask(at: Lap, method: string, path: string, body?: string): Promise<string | undefined> {
  const begun = performance.now();
  const fail = (what: string, list = at.lost) => {
    list.push(`${method} ${path} after ${Math.round(performance.now() - begun)} ms: ${what}`.slice(0, 300));
    return undefined;
  };
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const { domain: servername, address: host = servername } = plan;
  return new Promise<string | undefined>((resolve) => {
    const sent = request({
      host,
      servername,
      method,
      path,
      agent,
      timeout: 30_000,
      headers: { ...headers, host: servername },
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in 30 s')));
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(fail(error.code ?? error.message)));
    sent.once('response', (answer) => {
      text(answer).then(
        (received) => {
          at.worstMs = Math.max(at.worstMs, Math.round(performance.now() - begun));
          const { statusCode = 0 } = answer;
          const isTold = statusCode === 503 && answer.headers['retry-after'] !== undefined;
          const list = isTold ? at.refused : at.lost;
          resolve(statusCode < 300 ? received : fail(`${statusCode} ${received}`, list));
        },
        (error: Error) => resolve(fail(error.message)),
      );
    });
    sent.end(body);
  });
}

async function finish(): Promise<void> {
  clearInterval(timer);
  clearTimeout(end);
  await nextLap();
  agent.destroy();
  process.exit(0);
}
