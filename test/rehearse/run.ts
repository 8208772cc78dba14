import type { Load, LoadResult } from '../deploy/load.ts';
import { countsOf, NOTHING, neverCalled, sum } from './counts.ts';
import type { Prerequisites } from './missing.ts';
import { calledBack, openStage, type Stage } from './stage.ts';
import { bringUp, type Came, type Step } from './steps.ts';
import { type Row, renderTable, time } from './table.ts';

export interface RehearsalOptions {
  readonly steps: readonly Step[];
  /** Hears a line of progress. */
  readonly say: (line: string) => void;
  /** Called with the stage when all steps are over, before it is taken down. */
  readonly keep?: (stage: Stage) => Promise<unknown>;
  /** Takes everything down at once. */
  readonly stop: AbortSignal;
}

export interface Rehearsed {
  readonly rows: readonly Row[];
  /** Tapes that were taken and never called back. */
  readonly tapesLost: readonly string[];
  readonly holds: boolean;
  readonly table: string;
}

/** Plays the steps one after the other, with a client that asks through all of them that leave a host standing. */
export async function rehearse(found: Prerequisites, options: RehearsalOptions): Promise<Rehearsed> {
  const { steps, say, keep, stop } = options;
  const stage = await openStage(found);
  const rows: Row[] = [];
  let visits = 0;
  let visit: Load | undefined;
  const leave = async () => {
    const last = await visit?.stop();
    visit = undefined;
    const row = rows.at(-1);
    if (last === undefined || row === undefined) return;
    // What was asked since the last step ended is counted with it.
    const counts = sum([row.counts ?? NOTHING, countsOf(last)]);
    const losses = row.mayLose ? [] : lossesOf(last);
    rows[rows.length - 1] = { ...row, counts, problems: [...row.problems, ...losses] };
    for (const problem of losses) say(`    ! after it: ${problem}`);
    await calledBack(stage.box, sum(rows.flatMap((one) => one.counts ?? [])).tapes);
  };
  const playAll = async () => {
    for (const step of steps) {
      if (!step.visited) await leave();
      const row = await play(
        step,
        () => prepare(stage, step, say),
        async () => {
          if (step.visited) visit ??= await stage.box.visit(`visit${visits++}`);
          return { came: await step.run(stage), visit };
        },
      );
      rows.push(row);
      for (const line of renderRow(row)) say(line);
    }
    await leave();
    if (keep) await keep(stage);
  };
  const playing = playAll();
  // What goes on when everything was taken down fails, and is of no interest.
  playing.catch(() => {});
  try {
    await Promise.race([playing, stopped(stop)]);
  } finally {
    await stage.close();
  }
  const tapesLost = neverCalled(
    rows.flatMap(({ counts }) => counts ?? []),
    (slug) => stage.box.callbacks.of(slug) !== undefined,
  );
  const isWhole = rows.length === steps.length;
  const holds = isWhole && tapesLost.length === 0 && rows.every(({ problems }) => problems.length === 0);
  return { rows, tapesLost, holds, table: renderTable(rows, tapesLost.length) };
}

/** Resolves when it is to stop. */
function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Makes the stack what a step needs, where a part of the rehearsal alone is played. */
async function prepare(stage: Stage, step: Step, say: (line: string) => void): Promise<void> {
  const hasHost = stage.box.api.state.droplets.size > 0;
  const nodes = { 'oven:nodes': String(step.nodes ?? 1) };
  if (step.needs === 'host' && !hasHost) {
    say('  (up, to have a host)');
    await stage.engine.set(nodes);
    const { exitCode, said } = await bringUp(stage);
    if (exitCode !== 0) throw new Error(`there is no host for ${step.name}: ${said.join('\n')}`);
  }
  if (step.needs === 'nothing' && hasHost) {
    say('  (destroy, to have nothing)');
    const { exitCode, said } = await stage.engine.destroy();
    if (exitCode !== 0) throw new Error(`what there is can't be destroyed: ${said.join('\n')}`);
  }
  if (step.needs === 'nothing') await stage.engine.set(nodes);
}

async function play(
  step: Step,
  before: () => Promise<void>,
  work: () => Promise<{ readonly came: Came; readonly visit: Load | undefined }>,
): Promise<Row> {
  let begun = performance.now();
  const both = async () => {
    await before();
    begun = performance.now();
    return work();
  };
  const { came, visit } = await both().catch((error: Error) => ({
    came: { came: 'it broke off', problems: [error.message], seen: [] },
    visit: undefined,
  }));
  const seconds = (performance.now() - begun) / 1000;
  const lap = await visit?.lap();
  const counts = lap && countsOf(lap);
  const problems = [...came.problems, ...(lap === undefined || step.mayLose ? [] : lossesOf(lap))];
  const { title: name, mayLose = false } = step;
  return { name, seconds, counts, came: came.came, seen: came.seen ?? [], problems, mayLose };
}

/** How many requests were lost, and what became of the first of them. */
function lossesOf({ lost }: LoadResult): readonly string[] {
  return lost.length === 0 ? [] : [`${lost.length} requests were lost`, ...lost.slice(0, 5)];
}

/** A line about a step, and below it what the operator saw and what did not hold. */
export function renderRow({ name, seconds, came, counts, problems, seen }: Row): readonly string[] {
  const asked =
    counts === undefined
      ? ''
      : `, ${counts.asked} requests, ${counts.lost} lost, ${counts.told} told to come again`;
  return [
    `${problems.length === 0 ? '✓' : '✗'} ${name} (${time(seconds)}): ${came}${asked}`,
    ...shortened(seen).map((line) => `    │ ${line}`),
    ...problems.map((problem) => `    ! ${problem}`),
  ];
}

/** The beginning says what failed, and the end why. */
export function shortened(lines: readonly string[], first = 3, last = 9): readonly string[] {
  const cut = (line: string) => (line.length > WIDTH ? `${line.slice(0, WIDTH - 2)} …` : line);
  if (lines.length <= first + last) return lines.map(cut);
  return [...lines.slice(0, first), '…', ...lines.slice(-last)].map(cut);
}

const WIDTH = 160;
