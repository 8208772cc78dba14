import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Told, Work } from './child.ts';
import { inputOf, load } from './target.ts';

export interface FuzzOptions {
  /** The URL of the module that exports the target. */
  readonly module: string;
  readonly seed: number;
  /** The number of the first input. */
  readonly from?: number;
  /** Inputs at most. */
  readonly count: number;
  /** Seconds after which no further input begins. */
  readonly seconds?: number;
  readonly processes?: number;
  /** How far they stand back behind other programs: 0 to 19, as `nice` counts. */
  readonly niceness?: number;
  /** Called at every input that ends, with the number of those that have. */
  readonly onProgress?: (tried: number) => void;
}

export interface Found {
  readonly n: number;
  readonly what: string;
}

export interface FuzzResult {
  readonly tried: number;
  /** How often there was each outcome. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly findings: readonly Found[];
  readonly figures: readonly string[];
}

/** MiB by which a process may grow from its first look at the memory to its last. */
const GROWTH_MIB = 48;
/** Milliseconds between two looks at the deadlines. */
const WATCH_MS = 250;
const CHILD = new URL('./child.ts', import.meta.url);

/**
 * Tries seeded inputs in processes of their own. A finding is an error without a code, whatever else a target does not allow, an input
 * beyond its deadline, a process that ends by itself, and memory that grows.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const {
    module,
    seed,
    from = 0,
    count,
    seconds = Number.POSITIVE_INFINITY,
    processes = 1,
    niceness = 0,
    onProgress,
  } = options;
  const target = await load(module);
  const step = target.alone ? 1 : processes;
  const outcomes = new Map<string, number>();
  const findings: Found[] = [];
  const figures: string[] = [];
  const started = performance.now();
  let tried = 0;

  /** Runs one process until it ends, and gives the input at which the next one has to begin, if it ended too early. */
  const runChild = (first: number): Promise<number | undefined> =>
    new Promise((resolve) => {
      const child = startChild();
      const running = new Map<number, number>();
      const memory: number[] = [];
      let last = first - step;
      let isDone = false;
      const lost = (what: string) => {
        for (const n of running.keys()) findings.push({ n, what });
        running.clear();
      };
      const watch = setInterval(() => {
        const late = [...running].filter(([, began]) => performance.now() - began > target.deadlineMs);
        if (late.length === 0) return;
        for (const [n] of late) findings.push({ n, what: `no end within ${target.deadlineMs / 1000} s` });
        running.clear();
        child.kill('SIGKILL');
      }, WATCH_MS);
      child.on('message', (told: Told) => {
        if ('began' in told) {
          running.set(told.began, performance.now());
          last = told.began;
        } else if ('ended' in told) {
          running.delete(told.ended);
          tried += 1;
          onProgress?.(tried);
          if ('finding' in told) findings.push({ n: told.ended, what: told.finding });
          else outcomes.set(told.outcome, (outcomes.get(told.outcome) ?? 0) + 1);
        } else if ('memory' in told) memory.push(told.memory);
        else {
          figures.push(...told.figures);
          isDone = true;
        }
      });
      child.once('exit', (code, signal) => {
        clearInterval(watch);
        const how = `the process ended with ${signal ?? code}`;
        if (!isDone) lost(how);
        if (!isDone && last < first) {
          // The next process would end so as well.
          findings.push({ n: first, what: `${how} before its first input` });
          isDone = true;
        }
        const growth = memory.at(-1)! - memory[0]!;
        if (growth > GROWTH_MIB) {
          const course = memory.map((mib) => mib.toFixed(0)).join(' ');
          findings.push({ n: last, what: `memory grows: ${course} MiB` });
        }
        resolve(isDone ? undefined : last + step);
      });
      const ms = seconds * 1000 - (performance.now() - started);
      child.send({ module, seed, first, step, end: from + count, ms, niceness } satisfies Work);
    });
  const runAll = async (first: number) => {
    for (let next: number | undefined = first; next !== undefined && next < from + count; )
      next = await runChild(next);
  };
  await Promise.all(Array.from({ length: step }, (_, n) => runAll(from + n)));
  return { tried, outcomes, findings, figures };
}

function startChild(): ChildProcess {
  return fork(CHILD, {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Keeps the inputs of findings as files whose names begin with `prefix`, and gives their paths. */
export async function keep(
  prefix: string,
  { module, seed, findings }: FuzzOptions & FuzzResult,
): Promise<string[]> {
  await mkdir(dirname(prefix), { recursive: true });
  const target = await load(module);
  return Promise.all(
    findings.map(async ({ n }) => {
      const path = `${prefix}-${seed}-${n}`;
      await writeFile(path, inputOf(target, seed, n));
      return path;
    }),
  );
}
