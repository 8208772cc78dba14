import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock.ts';

/**
 * Where root filesystems and running hosts are kept. Not below the repository: linters and watchers would walk through
 * whole Debians, and every clone would make its own.
 */
export const CACHE = process.env.OVEN_TWIN_CACHE ?? '/var/cache/oven-twin';

const RUNS = join(CACHE, 'runs');

/** What one process has going: everything it makes on the machine carries `id`, so that it can be found and removed. */
export interface Run {
  /** Four hexadecimal digits: part of the names of namespaces, cgroups and machines. */
  readonly id: string;
  readonly folder: string;
}

/**
 * Claims an id and a folder for this process, after `remove` has cleared what killed processes left behind. One process
 * at a time: a folder without an owner is otherwise one that is being made.
 */
export async function openRun(remove: (run: Run) => Promise<void>): Promise<Run> {
  return withLock(join(CACHE, 'runs.lock'), async () => {
    await mkdir(RUNS, { recursive: true });
    const ids = await readdir(RUNS);
    for (const id of ids) {
      const folder = join(RUNS, id);
      if (!(await ownerLives(folder))) await remove({ id, folder });
    }
    const id = unusedId(ids);
    const folder = join(RUNS, id);
    await mkdir(folder);
    await writeFile(join(folder, 'owner'), `${process.pid} ${await startOf(process.pid)}`);
    return { id, folder };
  });
}

function unusedId(used: readonly string[]): string {
  const id = randomBytes(2).toString('hex');
  return used.includes(id) ? unusedId(used) : id;
}

/** Says that something kept in the cache was used now. */
export async function touch(folder: string): Promise<void> {
  await utimes(folder, new Date(), new Date());
}

async function ownerLives(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'owner'), 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const [pid = '', started = ''] = text.split(' ');
  return (await startOf(Number(pid))) === started;
}

/** When a process started, in clock ticks since the boot: tells it from a later one with the same number. */
export async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
