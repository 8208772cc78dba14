import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BakeError } from '../bake/errors.ts';
import { diskFull } from '../bake/workspace.ts';
import { isAlive, isOwner, type Owner, thisProcess } from './owner.ts';

/** The file in a tape's folder that says whose it is. */
const OWNER_FILE = 'owner.json';
const ATTEMPTS = 5;

/**
 * Runs `work` in the folder `name` below `tempDir`, which is this process's as long as that takes, and gone afterwards. What
 * a dead process left under that name is removed first; where a living one has it, the name gets an ending.
 * Throws BakeError DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withFolder<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await claim(tempDir, name).catch((cause: unknown) => {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  });
  try {
    return await work(folder);
  } finally {
    // A finished bake is not to fail for what could not be removed: that is swept at the next start.
    await discard(tempDir, folder).catch(() => {});
  }
}

/** The owner written in a tape's folder; undefined for a folder that is none. */
export async function ownerOf(folder: string): Promise<Owner | undefined> {
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
export async function removeDead(tempDir: string, name: string): Promise<boolean> {
  const folder = join(tempDir, name);
  const owner = await ownerOf(folder);
  if (owner === undefined || (await isAlive(owner))) return false;
  const aside = join(tempDir, await nameInPassing());
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // another was faster
    throw error;
  }
  const moved = await ownerOf(aside);
  if (moved !== undefined && (await isAlive(moved))) {
    await rename(aside, folder);
    return false;
  }
  await remove(aside);
  return true;
}

/** Removes a folder, though a program of a dead owner may still be writing to it. */
export async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/**
 * Removes a folder of this process under a name that tells whose it is: who is killed half-way may have removed the file
 * that says so already, and then nobody could sweep the rest.
 */
async function discard(tempDir: string, folder: string): Promise<void> {
  const aside = join(tempDir, await nameInPassing());
  await rename(folder, aside);
  await remove(aside);
}

/** Makes the folder whole under another name, so that it is never there without its owner. */
async function claim(tempDir: string, name: string): Promise<string> {
  const making = join(tempDir, await nameInPassing());
  await mkdir(making, { mode: 0o700 });
  try {
    await writeFile(join(making, OWNER_FILE), JSON.stringify(await thisProcess()));
    for (let attempt = 1; ; attempt += 1) {
      const folder = join(tempDir, attempt < ATTEMPTS ? name : `${name}-${randomUUID()}`);
      if (await renameTo(making, folder)) return folder;
      if (!(await removeDead(tempDir, name))) attempt = ATTEMPTS - 1;
    }
  } catch (error) {
    await remove(making).catch(() => {});
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

async function nameInPassing(): Promise<string> {
  const { pid, started, boot } = await thisProcess();
  return `.tape-${pid}-${started}-${boot}-${randomUUID()}`;
}
