// `npm run bench:service` measures the whole service: under load, its response times while it bakes, its rate and its memory.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { answers } from './service/answers.ts';
import { load } from './service/load.ts';
import { memory } from './service/memory.ts';
import { renderAnswers, renderLoad, renderMemory, renderThroughput } from './service/report.ts';
import { throughput } from './service/throughput.ts';

const RESULTS = fileURLToPath(new URL('SERVICE.md', import.meta.url));
const USAGE = `usage: npm run bench:service -- [SECTION…] [--write]
  SECTION  load, answers, throughput or memory; all of them if none is given
  --write  into bench/SERVICE.md as well; all sections only`;

const SECTIONS: Readonly<Record<string, () => Promise<string>>> = {
  load: async () => renderLoad(await load(500, 200)),
  answers: async () => renderAnswers(await answers({ count: 400, everyMs: 50 })),
  throughput: async () => renderThroughput(await throughput(3, 16)),
  memory: async () => renderMemory(await memory(200, 20)),
};

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
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const unknown = positionals.find((name) => !(name in SECTIONS));
  if (unknown !== undefined || (values.write && positionals.length > 0)) {
    console.error(USAGE);
    return 2;
  }
  const machine = await describeMachine();
  console.log(machine);
  const parts: string[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(SECTIONS)) {
    const part = await SECTIONS[name]!();
    console.log(`\n${part}`);
    parts.push(part);
  }
  if (!values.write) return 0;
  const intro = `# Results of \`npm run bench:service\`\n\nWritten by it: ${machine}.`;
  await writeFile(RESULTS, `${[intro, ...parts].join('\n\n')}\n`);
  console.log('\nWritten to bench/SERVICE.md');
  return 0;
}
