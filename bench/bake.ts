import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeCheckout, describeMachine } from './machine.ts';
import { type MatrixResult, measureMatrix, renderMatrix } from './matrix.ts';
import { measureOutputs, renderOutputs } from './outputs/costs.ts';
import { renderLine, renderReport, renderSection, type SectionResults } from './report.ts';
import type { Quality, TapeResult } from './results.ts';
import { type Plan, planRun, type Section, USAGE } from './sections.ts';
import { ResultStore } from './store.ts';
import { measureTape } from './tape.ts';
import { type BenchTape, tapeFile } from './tapes.ts';

const TAPES = fileURLToPath(new URL('../.cache/tapes', import.meta.url));
const STORE = fileURLToPath(new URL('../.cache/bench/results', import.meta.url));
const RESULTS = fileURLToPath(new URL('RESULTS.md', import.meta.url));

/** The quality of the plain recipe for each kind of tape. It is the same in all sections, and for every encoder of PNG. */
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

async function measureAll(plan: Plan, folder: string): Promise<void> {
  const machine = [await describeMachine()];
  if (plan.against !== undefined) machine.push(`against ${await describeCheckout(plan.against)}`);
  console.log(machine.join(', '));
  const plainQualities: PlainQualities = new Map();
  const how = process.argv.slice(2).filter((argument) => argument !== '--continue');
  const run = [...machine, await describeCheckout(import.meta.dirname), ...how].join(' ');
  const store = await ResultStore.open(STORE, run, plan.goOn);
  const measured: SectionResults[] = [];
  for (const section of plan.sections) {
    console.log(`\n${section.name}:`);
    const results: TapeResult[] = [];
    for (const tape of section.tapes) {
      const result = await store.once(section.name, tape.name, () =>
        measureOne(tape, section, { ...plan, folder, plainQualities }),
      );
      console.log(`  ${renderLine(result)}`);
      if (result.quality) plainQualities.set(tape.kind, result.quality.plain);
      results.push(result);
    }
    measured.push({ section, results });
    console.log(`\n${renderSection({ section, results })}`);
  }
  const matrix: MatrixResult[] = [];
  for (const tape of plan.matrix.tapes) {
    const bake = async () => {
      const subject = { name: tape.name, path: await tapeFile(tape, TAPES) };
      return measureMatrix(subject, plan.matrix.runs, folder);
    };
    matrix.push(await store.once('matrix', tape.name, bake));
  }
  if (matrix.length > 0) console.log(`\n${renderMatrix(matrix)}`);
  const outputs: string[] = [];
  for (const tape of plan.outputs.tapes) {
    const path = await tapeFile(tape, TAPES);
    const measure = () => measureOutputs(path, plan.outputs.runs, folder);
    outputs.push(renderOutputs(tape.name, await store.once('outputs', tape.name, measure)));
    console.log(`\n${outputs.at(-1)}`);
  }
  if (!plan.whole) return;
  await writeFile(
    RESULTS,
    renderReport(machine.join(', '), [...measured.map(renderSection), renderMatrix(matrix), ...outputs]),
  );
  console.log('\nWritten to bench/RESULTS.md');
}

async function measureOne(
  tape: BenchTape,
  section: Section,
  {
    folder,
    plainQualities,
    against,
    without,
  }: Pick<Plan, 'against' | 'without'> & { folder: string; plainQualities: PlainQualities },
): Promise<TapeResult> {
  const path = await tapeFile(tape, TAPES);
  const own = await mkdtemp(join(folder, `${tape.name}-`));
  try {
    const plainQuality = plainQualities.get(tape.kind);
    return await measureTape({ tape, path, folder: own, plainQuality, against, without }, section);
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
