import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BakeError } from '../bake/errors.ts';
import { diskFull } from '../bake/workspace.ts';

/** The file in a tape's folder that says whose it is. */
const OWNER_FILE = 'owner.json';
const ATTEMPTS = 5;

/**
 * Runs `work` in the folder `name` below `tempDir`, which is this process's as long as that takes, and gone afterwards. What
 * a dead process left under that name is removed first; where a living one has it, the name gets an ending.
 * Throws BakeError DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withTempFolder<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await createOwned(tempDir, name).catch((cause: unknown) => {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  });
  try {
    return await work(folder);
  } finally {
    // A finished bake is not to fail for what could not be removed: that is swept at the next start.
    await removeOwn(tempDir, folder).catch(() => {});
  }
}

/** The owner written in a tape's folder; undefined for a folder that is none. */
export async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8'));
    return isOwner(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** The owner that the name of a folder in the making, or on its way out, tells. */
export function ownerInName(name: string): Owner | undefined {
  const [, pid, started = '', boot = ''] = /^\.tape-(\d+)-(\d*)-([\w-]*)-[\w-]{36}$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started, boot };
}

/**
 * Removes the folder of a dead owner; whether it did. It is moved aside first and looked at again there, so that a new
 * owner, who may have come to the same name in between, does not lose its files.
 */
export async function removeAbandoned(tempDir: string, name: string): Promise<boolean> {
  const folder = join(tempDir, name);
  const owner = await readOwner(folder);
  if (owner === undefined || (await isAlive(owner))) return false;
  const aside = join(tempDir, await transientName());
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // another was faster
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved !== undefined && (await isAlive(moved))) {
    await rename(aside, folder);
    return false;
  }
  await removeFolder(aside);
  return true;
}

/** Removes a folder, though a program of a dead owner may still be writing to it. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/**
 * Removes a folder of this process under a name that tells whose it is: who is killed half-way may have removed the file
 * that says so already, and then nobody could sweep the rest.
 */
async function removeOwn(tempDir: string, folder: string): Promise<void> {
  const aside = join(tempDir, await transientName());
  await rename(folder, aside);
  await removeFolder(aside);
}

/** Makes the folder whole under another name, so that it is never there without its owner. */
async function createOwned(tempDir: string, name: string): Promise<string> {
  const making = join(tempDir, await transientName());
  await mkdir(making, { mode: 0o700 });
  try {
    await writeFile(join(making, OWNER_FILE), JSON.stringify(await thisProcess()));
    for (let attempt = 1; ; attempt += 1) {
      const folder = join(tempDir, attempt < ATTEMPTS ? name : `${name}-${randomUUID()}`);
      if (await renameTo(making, folder)) return folder;
      if (!(await removeAbandoned(tempDir, name))) attempt = ATTEMPTS - 1;
    }
  } catch (error) {
    await removeFolder(making).catch(() => {});
    throw error;
  }
}

async function renameTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return false;
    throw error;
  }
}

async function transientName(): Promise<string> {
  const { pid, started, boot } = await thisProcess();
  return `.tape-${pid}-${started}-${boot}-${randomUUID()}`;
}

/** A process, and not another that got its number later. */
export interface Owner {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; empty where the system does not tell (macOS). */
  readonly started: string;
  /** Which boot of the machine that was. */
  readonly boot: string;
}

/** This process, as others will see it. */
export async function thisProcess(): Promise<Owner> {
  const [state, boot] = await Promise.all([readState(process.pid), readBoot()]);
  return { pid: process.pid, started: state?.started ?? '', boot };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, started, boot }: Owner): Promise<boolean> {
  if (boot !== (await readBoot())) return false;
  if (started === '') return isThere(pid);
  const state = await readState(pid);
  return state !== undefined && state.started === started && !state.isDead;
}

/** Whether something is an owner as written to a file: anything may lie in a folder for temporary files. */
export function isOwner(value: unknown): value is Owner {
  const { pid, started, boot } = (value ?? {}) as Partial<Owner>;
  return Number.isSafeInteger(pid) && pid! > 0 && typeof started === 'string' && typeof boot === 'string';
}

async function readState(pid: number): Promise<{ started: string; isDead: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, and may hold both spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', started = ''] = [fields[0], fields[19]];
  return { started, isDead: state === 'Z' || state === 'X' };
}

async function readBoot(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return text.trim();
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Removes the folders of tapes below `tempDir` whose owner is dead, and gives their names. Whatever else lies there, and
 * what belongs to a living process (a bake that goes on while a new release starts), stays. Where the folder can't be read
 * there is nothing to sweep: that it can't be used is for each bake to say.
 */
export async function sweepTempFolders(tempDir: string): Promise<readonly string[]> {
  const removed: string[] = [];
  const entries = await readdir(tempDir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // /tmp is everybody's: what can't be removed is not ours.
    const gone = entry.isDirectory() && (await removeOne(tempDir, entry.name).catch(() => false));
    if (gone) removed.push(entry.name);
  }
  return removed;
}

async function removeOne(tempDir: string, name: string): Promise<boolean> {
  if (name.startsWith('tape-')) return removeAbandoned(tempDir, name);
  const owner = ownerInName(name);
  if (owner === undefined || (await isAlive(owner))) return false;
  await removeFolder(join(tempDir, name));
  return true;
}
