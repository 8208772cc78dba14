import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedTape } from '../test/tapes/cache.ts';
import { describeMachine } from './machine.ts';
import { renderLine, renderReport, renderSection, type SectionResults } from './report.ts';
import type { Quality, TapeResult } from './results.ts';
import { type Plan, planRun, type Section, USAGE } from './sections.ts';
import { measureTape } from './tape.ts';

const TAPES = fileURLToPath(new URL('../.cache/tapes', import.meta.url));
const RESULTS = fileURLToPath(new URL('RESULTS.md', import.meta.url));

/** The quality of the plain recipe for each tape, which is the same in all sections. */
type PlainQualities = Map<string, Quality>;

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    console.log(USAGE);
    return;
  }
  let plan: Plan;
  try {
    plan = planRun(process.argv.slice(2));
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  // All programs that the benchmark starts keep their working files in this folder.
  Object.assign(process.env, { TMPDIR: folder, TEMP_DIR: folder });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(folder));
  try {
    await measureAll(plan, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureAll({ sections, whole, oven }: Plan, folder: string): Promise<void> {
  const machine = await describeMachine();
  console.log(machine);
  const plainQualities: PlainQualities = new Map();
  const measured: SectionResults[] = [];
  for (const section of sections) {
    console.log(`\n${section.name}:`);
    const results: TapeResult[] = [];
    for (const name of section.tapes) {
      const result = await measureOne(name, section, { folder, oven, plainQualities });
      console.log(`  ${renderLine(result)}`);
      results.push(result);
    }
    measured.push({ section, results });
    console.log(`\n${renderSection({ section, results })}`);
  }
  if (!whole) return;
  await writeFile(RESULTS, renderReport(machine, measured));
  console.log('\nWritten to bench/RESULTS.md');
}

async function measureOne(
  name: Section['tapes'][number],
  section: Section,
  {
    folder,
    oven,
    plainQualities,
  }: { folder: string; oven: string | undefined; plainQualities: PlainQualities },
): Promise<TapeResult> {
  const { path } = await cachedTape(name, TAPES);
  const own = await mkdtemp(join(folder, `${name}-`));
  try {
    const subject = { name, path, folder: own, plainQuality: plainQualities.get(name), oven };
    const result = await measureTape(subject, section);
    if (result.quality) plainQualities.set(name, result.quality.plain);
    return result;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** execa ends the running programs together with this process, so only the folder has to be removed. */
function stop(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.exit(130);
}

await main();
