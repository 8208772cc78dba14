import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Command } from './measure.ts';

/** The most memory that a command and all its descendants held at one moment, in MiB; NaN where there is no /proc. */
export interface PeakMemory {
  /** Sum of resident sizes: pages that several processes share count for each. Never too little. */
  rssMiB: number;
  /** Sum of proportional sizes: a shared page is counted once in all. Sampled more rarely. */
  pssMiB: number;
}

const SAMPLE_MS = 15;
/** Proportional sizes cost a walk through the page tables: every fourth sample only. */
const PSS_EVERY = 4;

/** Runs a command to its end, untimed, and samples the memory of its process tree; gives its stdout too. */
export async function watchCommand(command: Command): Promise<PeakMemory & { stdout: string }> {
  const [program, ...args] = command;
  const running = execa(program, args, { stdin: 'ignore' });
  const peak = { rssMiB: Number.NaN, pssMiB: Number.NaN };
  let samples = 0;
  const timer = setInterval(() => {
    const tree = descendants(readParents(), running.pid!);
    peak.rssMiB = most(peak.rssMiB, sumKiB(tree, 'status', 'VmRSS') / 1024);
    if (samples++ % PSS_EVERY === 0) {
      peak.pssMiB = most(peak.pssMiB, sumKiB(tree, 'smaps_rollup', 'Pss') / 1024);
    }
  }, SAMPLE_MS);
  try {
    const { stdout } = await running;
    return { ...peak, stdout };
  } finally {
    clearInterval(timer);
  }
}

/** The process `root` and all that it started, by each process's parent. */
export function descendants(parents: ReadonlyMap<number, number>, root: number): number[] {
  const tree = [root];
  // Grows while it is walked: each member's children are appended behind it.
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child);
  }
  return tree;
}

/** The value in KiB of one line of /proc/PID/status or smaps_rollup; 0 where it is not there. */
export function fieldKiB(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** The parent in the text of /proc/PID/stat, where the name, in brackets, may hold anything. */
export function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readOr(() => readdirSync('/proc'), [])) {
    const stat = /^\d+$/.test(name) ? readOr(() => readFileSync(`/proc/${name}/stat`, 'latin1'), '') : '';
    if (stat) parents.set(Number(name), parentOf(stat));
  }
  return parents;
}

function sumKiB(tree: readonly number[], file: string, field: string): number {
  const texts = tree.map((pid) => readOr(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'), ''));
  return texts.reduce((sum, text) => sum + fieldKiB(text, field), 0);
}

function most(peak: number, sample: number): number {
  return sample > 0 ? Math.max(sample, peak || 0) : peak;
}

/** A process may end between being listed and being read. */
function readOr<T>(read: () => T, instead: T): T {
  try {
    return read();
  } catch {
    return instead;
  }
}
