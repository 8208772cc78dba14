import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MOUNT = '/sys/fs/cgroup';

/**
 * The hierarchies in which a container's systemd makes its groups: each host gets a group of its own in all of them,
 * since two systemds in one would take each other's. With cgroup v2 alone there is only one.
 */
export function hierarchies(has: (path: string) => boolean = existsSync): string[] {
  if (has(join(MOUNT, 'cgroup.controllers'))) return [MOUNT];
  return ['systemd', 'unified'].map((name) => join(MOUNT, name)).filter((path) => has(path));
}

/** Groups that limit, where they are separate from those above: memory counts for the host as a whole. */
const MEMORY = join(MOUNT, 'memory');

export interface Cgroup {
  /** Files into which a process writes its number to join. */
  readonly joins: readonly string[];
  /** Every process in it and below, by this machine's numbers. */
  processes(): Promise<number[]>;
  /** Removes the empty groups. */
  remove(): Promise<void>;
}

/** Makes a host's control group; with `memoryMb` the host has no more than that, as far as this kernel limits it. */
export async function openCgroup(name: string, memoryMb?: number): Promise<Cgroup> {
  const folders = hierarchies().map((path) => join(path, name));
  if (memoryMb !== undefined && existsSync(join(MEMORY, 'memory.limit_in_bytes'))) {
    folders.push(join(MEMORY, name));
    await mkdir(join(MEMORY, name), { recursive: true });
    await writeFile(join(MEMORY, name, 'memory.limit_in_bytes'), String(memoryMb * 1024 * 1024));
  }
  for (const folder of folders) await mkdir(folder, { recursive: true });
  return { joins: folders.map((folder) => join(folder, 'cgroup.procs')), ...existing(name) };
}

/** What is left of a group by name. */
export function existing(name: string): Pick<Cgroup, 'processes' | 'remove'> {
  const folders = [...hierarchies(), MEMORY]
    .map((path) => join(path, name))
    .filter((path) => existsSync(path));
  return {
    processes: async () => {
      const found = new Set<number>();
      for (const folder of folders) for (const pid of await processesBelow(folder)) found.add(pid);
      return [...found];
    },
    remove: async () => {
      for (const folder of folders) await removeBelow(folder);
    },
  };
}

/** The names of groups that start so. */
export async function groupsOf(prefix: string): Promise<string[]> {
  const names = await Promise.all(
    [...hierarchies(), MEMORY].map(async (path) => readdir(path).catch(() => [])),
  );
  return [...new Set(names.flat().filter((name) => name.startsWith(prefix)))];
}

async function processesBelow(folder: string): Promise<number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  const below = await Promise.all((await foldersIn(folder)).map(processesBelow));
  // 0 stands for a process of another pid namespace, which is none of a host's.
  return [...text.split('\n').map(Number), ...below.flat()].filter((pid) => pid > 0);
}

async function removeBelow(folder: string): Promise<void> {
  for (const child of await foldersIn(folder)) await removeBelow(child);
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}
