/**
 * Run in the client's namespace by load.ts: asks a host over TLS at a steady rate, for so many seconds at most, and prints
 * what came of it as one line of JSON. No request is repeated: what fails is lost, and what is told to come again is counted apart.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { LoadPlan, LoadResult } from './load.ts';

const plan = JSON.parse(process.argv[2]!) as LoadPlan;
const agent = new Agent({ keepAlive: true, maxSockets: 100, ca: readFileSync(plan.caFile) });
const result: { -readonly [K in keyof LoadResult]: LoadResult[K] } = {
  ...{ asked: 0, lost: [], refused: [], tapes: [], releases: [], worstMs: 0 },
};
const lost: string[] = [];
const refused: string[] = [];
const tapes: string[] = [];
const releases = new Set<string>();
const pending = new Set<Promise<void>>();

const timer = setInterval(tick, 1000 / plan.perSecond);
const end = setTimeout(finish, plan.seconds * 1000);
process.stdin.resume().once('end', finish);
console.log('started');

function tick(): void {
  const count = result.asked++;
  const slug = plan.slugs[Math.floor(count / plan.tapeEvery)];
  const one = count % plan.tapeEvery === plan.tapeEvery - 1 && slug !== undefined ? bake(slug) : health();
  pending.add(one);
  one.finally(() => pending.delete(one));
}

async function health(): Promise<void> {
  const answer = await ask('GET', '/health');
  if (answer !== undefined) releases.add(String((JSON.parse(answer) as { release?: string }).release));
}

async function bake(slug: string): Promise<void> {
  const body = JSON.stringify({ ...plan.tape, slug, mongoId: `id-${slug}`, zipUrl: plan.zipUrl });
  if ((await ask('POST', '/bake', body)) !== undefined) tapes.push(slug);
}

async function ask(method: string, path: string, body?: string): Promise<string | undefined> {
  const begun = performance.now();
  const fail = (what: string, list = lost) => {
    const when = `${new Date().toISOString()} after ${Math.round(performance.now() - begun)} ms`;
    list.push(`${method} ${path} at ${when}: ${what}`.slice(0, 300));
    return undefined;
  };
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const { address: host, domain: servername } = plan;
  return new Promise<string | undefined>((resolve) => {
    const sent = request({
      ...{ host, servername, method, path, agent, timeout: 30_000 },
      headers: { ...headers, host: servername },
    });
    sent.once('timeout', () => sent.destroy(new Error('no answer in 30 s')));
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(fail(error.code ?? error.message)));
    sent.once('response', (answer) => {
      text(answer).then(
        (received) => {
          result.worstMs = Math.max(result.worstMs, Math.round(performance.now() - begun));
          const { statusCode = 0, headers } = answer;
          const comeAgain = statusCode === 503 && headers['retry-after'] !== undefined;
          const list = comeAgain ? refused : lost;
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
  await Promise.all(pending);
  agent.destroy();
  console.log(
    JSON.stringify({ ...result, lost, refused, tapes, releases: [...releases] } satisfies LoadResult),
  );
  process.exit(0);
}
