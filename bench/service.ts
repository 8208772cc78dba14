// `npm run bench:service` measures the whole service: under load, its response times while it bakes, its rate and its memory,
// what it adds to a bake, and how long a burst takes.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeCheckout, describeMachine } from './machine.ts';
import { answers } from './service/answers.ts';
import { burst } from './service/burst.ts';
import { idle } from './service/idle.ts';
import { load } from './service/load.ts';
import { memory } from './service/memory.ts';
import {
  renderAnswers,
  renderBurst,
  renderIdle,
  renderLoad,
  renderMemory,
  renderThroughput,
} from './service/report.ts';
import { throughput } from './service/throughput.ts';
import { findTapes, tapeFile } from './tapes.ts';

const RESULTS = fileURLToPath(new URL('SERVICE.md', import.meta.url));
const TAPES = fileURLToPath(new URL('../.cache/tapes', import.meta.url));
const USAGE = `usage: npm run bench:service -- [SECTION…] [OPTIONS]
  SECTION        load, answers, throughput, memory, idle or burst; all of them if none is given
  --tapes LIST   the tapes of idle, by the names of npm run bench, with commas (chromium)
  --rounds N     of idle and burst (3)
  --against DIR  measures idle and burst by the service of another checkout too
  --write        into bench/SERVICE.md as well; all sections only`;

/** Six kinds twice are a burst of twelve. The others take as long as all of these together. */
const BURST_KINDS = ['drawing', 'paint', 'plot', 'wire', 'text', 'static'];

interface Options {
  readonly tapes: string;
  readonly rounds: string;
  readonly against?: string | undefined;
}

const SECTIONS: Readonly<Record<string, (options: Options) => Promise<string>>> = {
  load: async () => renderLoad(await load(500, 200)),
  answers: async () => renderAnswers(await answers({ count: 400, everyMs: 50 })),
  throughput: async () => renderThroughput(await throughput(3, 16)),
  memory: async () => renderMemory(await memory(200, 20)),
  idle: async ({ tapes, rounds, against }) =>
    renderIdle(await idle(await files(tapes.split(',')), Number(rounds), against)),
  burst: async ({ rounds, against }) => {
    const names = BURST_KINDS.map((kind) => `${kind}-chromium`);
    return renderBurst(await burst(await files(names), 2, Number(rounds), against));
  },
};

async function files(names: readonly string[]): Promise<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const tape of new Set(names.flatMap(findTapes))) made[tape.name] = await tapeFile(tape, TAPES);
  return made;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
process.exit(); // Work that Ctrl-C interrupted is not waited for.

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tapes: { type: 'string', default: 'chromium' },
      rounds: { type: 'string', default: '3' },
      against: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const unknown = positionals.find((name) => !(name in SECTIONS));
  const isNumber = /^[1-9]\d*$/.test(values.rounds);
  if (unknown !== undefined || !isNumber || (values.write && positionals.length > 0)) {
    console.error(USAGE);
    return 2;
  }
  const { against } = values;
  const other = against === undefined ? [] : [`against ${await describeCheckout(against)}`];
  const machine = [await describeMachine(), ...other].join(', ');
  console.log(machine);
  const parts: string[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(SECTIONS)) {
    const part = await SECTIONS[name]!(values);
    console.log(`\n${part}`);
    parts.push(part);
  }
  if (!values.write) return 0;
  const intro = `# Results of \`npm run bench:service\`\n\nWritten by it: ${machine}.`;
  await writeFile(RESULTS, `${[intro, ...parts].join('\n\n')}\n`);
  console.log('\nWritten to bench/SERVICE.md');
  return 0;
}
