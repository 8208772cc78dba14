/**
 * Working folders of tapes below TEMP_DIR. A folder holds the identity of its owner, the process that works in it, in
 * `owner.json`. `sweepTempFolders` removes the folders of dead processes, and no others. While a folder is made or removed,
 * its name holds the owner instead, so that a kill at any moment leaves a folder that can be swept.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BakeError } from './errors.ts';

const OWNER_FILE = 'owner.json';
/** The start of the name of every tape's folder. */
const PREFIX = 'tape-';
/** How often a folder is tried under its plain name. */
const PLAIN_NAME_ATTEMPTS = 4;

/**
 * Runs `work` in the folder `tape-<name>` below `tempDir`, and removes the folder afterwards, whatever happens. A folder of
 * this name that a dead process left is removed first; if a living process owns it, the name gets a random ending.
 * Throws BakeError DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withTempFolder<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await createOwned(tempDir, `${PREFIX}${name}`).catch((cause: unknown) => {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  });
  try {
    return await work(folder);
  } finally {
    // A finished bake does not fail because its folder can't be removed: the next sweep removes it.
    await removeOwn(tempDir, folder).catch(() => {});
  }
}

/**
 * Removes the folders below `tempDir` whose owner is dead, and returns their names. It leaves everything else there, and
 * the folders of living processes (a bake that goes on while a new release starts). Returns nothing if `tempDir` can't be
 * read: each bake reports that by itself.
 */
export async function sweepTempFolders(tempDir: string): Promise<readonly string[]> {
  const removed: string[] = [];
  const entries = await readdir(tempDir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    // /tmp is shared: a folder that can't be removed belongs to another user.
    const isRemoved = entry.isDirectory() && (await removeIfDead(tempDir, entry.name).catch(() => false));
    if (isRemoved) removed.push(entry.name);
  }
  return removed;
}

/** The error to throw when a write failed because the disk is full; undefined for any other failure. */
export function diskFull(cause: unknown, what = 'working files'): BakeError | undefined {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new BakeError('DISK_FULL', `There is no room left on the disk for the ${what}.`, { cause });
}

/** Makes the folder whole under another name, so that it is never there without its owner. */
async function createOwned(tempDir: string, name: string): Promise<string> {
  const draft = join(tempDir, await transientName());
  await mkdir(draft, { mode: 0o700 });
  try {
    await writeFile(join(draft, OWNER_FILE), JSON.stringify(await thisProcess()));
    for (let attempt = 1; ; attempt += 1) {
      const folder = join(tempDir, attempt <= PLAIN_NAME_ATTEMPTS ? name : `${name}-${randomUUID()}`);
      if (await renameTo(draft, folder)) return folder;
      if (!(await removeAbandoned(tempDir, name))) attempt = PLAIN_NAME_ATTEMPTS;
    }
  } catch (error) {
    await removeFolder(draft).catch(() => {});
    throw error;
  }
}

/** Renames a folder; false if the new name is taken. */
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

/**
 * Removes a folder of this process. It is renamed first: a kill in the middle may come after `owner.json` is removed, and
 * then only the name tells the owner.
 */
async function removeOwn(tempDir: string, folder: string): Promise<void> {
  const aside = join(tempDir, await transientName());
  await rename(folder, aside);
  await removeFolder(aside);
}

async function removeIfDead(tempDir: string, name: string): Promise<boolean> {
  if (name.startsWith(PREFIX)) return removeAbandoned(tempDir, name);
  const owner = ownerInName(name);
  if (owner === undefined || (await isAlive(owner))) return false;
  await removeFolder(join(tempDir, name));
  return true;
}

/**
 * Removes a folder if its owner is dead, and returns whether it did. It moves the folder aside and reads the owner again
 * there: a new owner may have taken the name in between, and keeps its files.
 */
async function removeAbandoned(tempDir: string, name: string): Promise<boolean> {
  const folder = join(tempDir, name);
  const owner = await readOwner(folder);
  if (owner === undefined || (await isAlive(owner))) return false;
  const aside = join(tempDir, await transientName());
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // another process was faster
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

/** Removes a folder, though a program of a dead owner may still write to it. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** A process, told apart from a later one with the same number. */
export interface Owner {
  readonly pid: number;
  /** When it started, in the kernel's ticks since boot; empty on a system that does not tell (macOS). */
  readonly started: string;
  /** The id of the machine's boot. */
  readonly boot: string;
}

/** The owner in a folder's `owner.json`; undefined for a folder without one. */
export async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8'));
    return isOwner(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value read from a file is an owner: any file may lie in a shared folder for temporary files. */
export function isOwner(value: unknown): value is Owner {
  const { pid, started, boot } = (value ?? {}) as Partial<Owner>;
  return Number.isSafeInteger(pid) && pid! > 0 && typeof started === 'string' && typeof boot === 'string';
}

/** A name for a folder while this process makes or removes it. */
async function transientName(): Promise<string> {
  const { pid, started, boot } = await thisProcess();
  return `.${PREFIX}${pid}-${started}-${boot}-${randomUUID()}`;
}

/** The owner in a name that `transientName` made; undefined for any other name. */
function ownerInName(name: string): Owner | undefined {
  const [, pid, started = '', boot = ''] = /^\.tape-(\d+)-(\d*)-([\w-]*)-[\w-]{36}$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started, boot };
}

/** This process, as other processes see it. */
export async function thisProcess(): Promise<Owner> {
  const [state, boot] = await Promise.all([readState(process.pid), readBoot()]);
  return { pid: process.pid, started: state?.started ?? '', boot };
}

/** Whether exactly this process still runs. */
export async function isAlive({ pid, started, boot }: Owner): Promise<boolean> {
  if (boot !== (await readBoot())) return false;
  if (started === '') return isThere(pid);
  const state = await readState(pid);
  return state !== undefined && state.started === started && !state.isDead;
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
