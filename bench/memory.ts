import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Command } from './measure.ts';

/** The peak memory of a command with all its descendants, in MiB; NaN on a system without /proc. */
export interface PeakMemory {
  /** Sum of resident sizes. A page that several processes share counts for each of them, so the sum is never too small. */
  rssMiB: number;
  /** Sum of proportional sizes, in which a shared page counts once. It is sampled more rarely. */
  pssMiB: number;
}

const SAMPLE_MS = 15;
/** Proportional sizes are in every fourth sample only, since they cost a walk through the page tables. */
const PSS_EVERY = 4;

/** Runs a command to its end, untimed. Samples the memory of its process tree, and gives its stdout too. */
export async function sampleMemory(
  command: Command,
  env: Readonly<Record<string, string>> = {},
): Promise<PeakMemory & { stdout: string }> {
  const [program, ...args] = command;
  const running = execa(program, args, { stdin: 'ignore', env });
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

/** The proportional size of one process. */
export interface ProcessMemory {
  readonly name: string;
  readonly pssMiB: number;
}

/** The memory of each process of a tree just now, largest first. */
export function treeMemory(root: number): ProcessMemory[] {
  const sizes = descendants(readParents(), root).map((pid) => {
    const name = pid === root ? 'service' : nameOf(pid);
    return { name, pssMiB: sumKiB([pid], 'smaps_rollup', 'Pss') / 1024 };
  });
  return sizes.sort((a, b) => b.pssMiB - a.pssMiB);
}

/** The process `root` and all its descendants, by each process's parent. */
export function descendants(parents: ReadonlyMap<number, number>, root: number): number[] {
  const tree = [root];
  // The list grows while it is walked: each member's children are appended.
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child);
  }
  return tree;
}

/** The value in KiB of one line of /proc/PID/status or smaps_rollup; 0 where it is missing. */
export function fieldKiB(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

/** The parent in the text of /proc/PID/stat. The name in it, in parentheses, may have any characters. */
export function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The name of a child process's program. Node's own child is the image process. */
function nameOf(pid: number): string {
  const name = readOr(() => readFileSync(`/proc/${pid}/comm`, 'latin1').trim(), '');
  return name === 'node' || name === 'MainThread' ? 'images' : name;
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

/** `read()`, or `instead` for a process that ended after it was listed. */
function readOr<T>(read: () => T, instead: T): T {
  try {
    return read();
  } catch {
    return instead;
  }
}
