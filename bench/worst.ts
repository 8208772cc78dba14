// `npm run bench:memory` bakes the tapes that take the most memory, one at a time, by the whole service. It prints the memory of the
// service's process tree at its worst moment, and the slowest answer of /health meanwhile.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startOven } from '../scripts/demo/oven.ts';
import { type Done, openSite } from '../scripts/demo/site.ts';
import { describeMachine } from './machine.ts';
import { type ProcessMemory, treeMemory } from './memory.ts';
import { WORST_TAPES, type WorstTape } from './worst/tapes.ts';

const SAMPLE_EVERY_MS = 60;
const HEALTH_EVERY_MS = 100;
const BAKE_SECONDS = 300;
/** A connection for each request: the service may have closed an idle one while this process made a tape. */
const ONCE = { connection: 'close' };

const { positionals } = parseArgs({ allowPositionals: true });
const tapes = WORST_TAPES.filter(({ what }) => positionals.every((word) => what.includes(word)));
const folder = await mkdtemp(join(tmpdir(), 'bench-worst-'));
const file = join(folder, 'tape.zip');
const site = await openSite({ tape: file });
// The sizes of tapes are those that the service has by default.
const env = { CONCURRENCY: '1', BAKE_TIMEOUT_SECONDS: `${BAKE_SECONDS}` };
const oven = await startOven({ callbackSecret: site.secret, site: site.url, env });
try {
  console.log(`${await describeMachine()}\n`);
  console.log('| tape | outcome | process tree, MiB (PSS) | of which | slowest /health, ms | seconds |');
  console.log('|---|---|--:|---|--:|--:|');
  await delay(2000);
  const idle = sampleTree();
  await delay(2000);
  console.log(`| the service without a bake | | ${tableCells(idle.stop())} | | |`);
  for (const [n, tape] of tapes.entries()) console.log(await measure(tape, `worst-${n}`));
} finally {
  await oven.stop();
  await site.close();
  await rm(folder, { recursive: true, force: true });
}

/** One row of the table. */
async function measure({ what, make, outputs }: WorstTape, slug: string): Promise<string> {
  await writeFile(file, await make());
  const started = performance.now();
  const tree = sampleTree();
  const health = askHealth();
  const body = JSON.stringify({ ...site.request('tape', slug), ...(outputs && { outputs }) });
  const headers = { 'Content-Type': 'application/json', ...ONCE };
  const answer = await fetch(`${oven.url}/bake`, { method: 'POST', body, headers });
  const done: Partial<Done> = answer.ok
    ? await site.called(slug)
    : { error: { code: `${answer.status}`, message: '' } };
  const seconds = (performance.now() - started) / 1000;
  const slowest = await health.stop();
  const outcome = done.error?.code ?? 'baked';
  return `| ${what} | ${outcome} | ${tableCells(tree.stop())} | ${Math.round(slowest)} | ${seconds.toFixed(1)} |`;
}

/** The memory of a process tree: the sum, then that of each process of more than a MiB. */
function tableCells(tree: ProcessMemory[]): string {
  const parts = tree
    .filter(({ pssMiB }) => pssMiB > 1)
    .map(({ name, pssMiB }) => `${name} ${Math.round(pssMiB)}`);
  return `${Math.round(sumOf(tree))} | ${parts.join(', ')}`;
}

function sumOf(tree: ProcessMemory[]): number {
  return tree.reduce((sum, { pssMiB }) => sum + pssMiB, 0);
}

/** Looks at the memory of the process tree again and again; `stop` gives that of the worst moment. */
function sampleTree() {
  let peak: ProcessMemory[] = [];
  const timer = setInterval(() => {
    const now = treeMemory(oven.pid);
    if (sumOf(now) > sumOf(peak)) peak = now;
  }, SAMPLE_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Asks /health again and again; `stop` gives the milliseconds of the slowest answer. */
function askHealth() {
  let slowest = 0;
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      const asked = performance.now();
      await fetch(`${oven.url}/health`, { headers: ONCE }).then((answer) => answer.arrayBuffer());
      slowest = Math.max(slowest, performance.now() - asked);
      await delay(HEALTH_EVERY_MS);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await asking;
      return slowest;
    },
  };
}
