/**
 * Working folders of tapes below TEMP_DIR. A folder holds the identity of its owner, the process that works in it, in
 * `owner.json`. `sweepTempFolders` removes the folders of dead processes, and no others. While a folder is made or removed,
 * its name holds the owner instead, so that a kill at any moment leaves a folder that can be swept.
 *
 * Containers that share a volume do not see each other's processes: each has a pid namespace of its own. So an owner touches its
 * `owner.json` while it works, and a process of another namespace counts as dead once its folder stays untouched.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BakeError } from './errors.ts';
import { areSame, isAlive, isOwner, type Owner, thisProcess } from './owner.ts';

const OWNER_FILE = 'owner.json';
/** The start of the name of every tape's folder. */
const PREFIX = 'tape-';
/** How often a folder is tried under its plain name. */
const PLAIN_NAME_ATTEMPTS = 4;
/** Milliseconds between two touches of a folder by its owner. */
const TOUCH_MS = 15_000;
/** Milliseconds without a touch after which an owner that can't be looked up is dead. */
const UNTOUCHED_MS = 120_000;
const SWEEP_MS = 60_000;

/**
 * Runs `work` in the folder `tape-<name>` below `tempDir`, and removes the folder afterwards, whatever happens. A folder of
 * this name that a dead process left is removed first; if a living process owns it, the name gets a random ending.
 * Throws BakeError DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withTempFolder<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
  touchMs = TOUCH_MS,
): Promise<T> {
  const folder = await createOwned(tempDir, `${PREFIX}${name}`).catch((cause: unknown) => {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  });
  const touching = setInterval(() => touch(join(folder, OWNER_FILE)), touchMs).unref();
  try {
    return await work(folder);
  } finally {
    clearInterval(touching);
    await removeOrRemember(folder);
  }
}

/** When a sweep first saw a folder as it is, and when its owner had touched it. In milliseconds, each of its own clock. */
type Sightings = Map<string, { readonly touched: number; readonly since: number }>;

/**
 * Removes the folders below `tempDir` whose owner is dead, and returns their names. It leaves everything else there, and
 * the folders of living processes (a bake that goes on while a new release starts). `sightings` is what earlier sweeps of
 * this process saw: without it, owners in other containers count as living. `now` is a time that never jumps, since all
 * containers of a machine may sleep together. Returns nothing if `tempDir` can't be read: each bake reports that by itself.
 */
export async function sweepTempFolders(
  tempDir: string,
  sightings: Sightings = new Map(),
  now = performance.now(),
): Promise<readonly string[]> {
  const removed: string[] = [];
  const entries = await readdir(tempDir, { withFileTypes: true }).catch(() => []);
  const isUntouched = (name: string) => hasStayedUntouched(tempDir, name, sightings, now);
  for (const entry of entries) {
    // /tmp is shared: a folder that can't be removed belongs to another user.
    const isRemoved =
      entry.isDirectory() && (await removeIfDead(tempDir, entry.name, isUntouched).catch(() => false));
    if (isRemoved) removed.push(entry.name);
  }
  const left = new Set(entries.map(({ name }) => name));
  for (const name of sightings.keys()) if (!left.has(name)) sightings.delete(name);
  return removed;
}

/** Sweeps now and then every minute, until it is stopped. Resolves after the first sweep; `onSwept` gets what each removed. */
export async function startSweeper(
  tempDir: string,
  onSwept: (names: readonly string[]) => void,
): Promise<{ stop(): void }> {
  const sightings: Sightings = new Map();
  const sweep = async () => {
    const names = await sweepTempFolders(tempDir, sightings);
    if (names.length > 0) onSwept(names);
  };
  await sweep();
  const timer = setInterval(sweep, SWEEP_MS).unref();
  return { stop: () => clearInterval(timer) };
}

/** Whether the owner of a folder, who can't be looked up, has not touched it for long. */
async function hasStayedUntouched(
  tempDir: string,
  name: string,
  sightings: Sightings,
  now: number,
): Promise<boolean> {
  const folder = join(tempDir, name);
  const stats = await Promise.all(
    [folder, join(folder, OWNER_FILE)].map((path) => stat(path).catch(() => undefined)),
  );
  const touched = Math.max(...stats.map((found) => found?.ctimeMs ?? 0));
  const seen = sightings.get(name);
  if (seen?.touched === touched) return now - seen.since >= UNTOUCHED_MS;
  sightings.set(name, { touched, since: now });
  return false;
}

/** A sign of life for processes that can't look this one up. */
function touch(file: string): void {
  const now = new Date();
  utimes(file, now, now).catch(() => {}); // the folder is being removed
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
      if (!(await removeAbandoned(tempDir, name, async () => false))) attempt = PLAIN_NAME_ATTEMPTS;
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

/** Folders of ended bakes that could not be removed, because the disk was read-only or away. */
const unremoved = new Set<string>();

/** Removes a folder of this process, and those that an earlier bake could not. A finished bake does not fail because of them. */
async function removeOrRemember(folder: string): Promise<void> {
  for (const left of [folder, ...unremoved]) {
    unremoved.delete(left);
    await removeOwn(dirname(left), left).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') unremoved.add(left);
    });
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

/** Whether a folder, whose owner can't be looked up, stayed untouched for long. */
type IsUntouched = (name: string) => Promise<boolean>;

async function removeIfDead(tempDir: string, name: string, isUntouched: IsUntouched): Promise<boolean> {
  if (name.startsWith(PREFIX)) return removeAbandoned(tempDir, name, isUntouched);
  const owner = ownerInName(name);
  if (owner === undefined || !(await isDead(owner, name, isUntouched))) return false;
  await removeFolder(join(tempDir, name));
  return true;
}

/**
 * Removes a folder if its owner is dead, and returns whether it did. It moves the folder aside and reads the owner again
 * there: a new owner may have taken the name in between, and keeps its files.
 */
async function removeAbandoned(tempDir: string, name: string, isUntouched: IsUntouched): Promise<boolean> {
  const folder = join(tempDir, name);
  const owner = await readOwner(folder);
  if (owner === undefined || !(await isDead(owner, name, isUntouched))) return false;
  const aside = join(tempDir, await transientName());
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // another process was faster
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved !== undefined && !areSame(moved, owner) && (await isAlive(moved)) !== false) {
    await rename(aside, folder);
    return false;
  }
  await removeFolder(aside);
  return true;
}

async function isDead(owner: Owner, name: string, isUntouched: IsUntouched): Promise<boolean> {
  const alive = await isAlive(owner);
  return alive === undefined ? isUntouched(name) : !alive;
}

/** Removes a folder, though a program of a dead owner may still write to it. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
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

/** A name for a folder while this process makes or removes it. */
async function transientName(): Promise<string> {
  const { pid, started, boot, namespace } = await thisProcess();
  return `.${PREFIX}${namespace ? `${namespace}.` : ''}${pid}-${started}-${boot}-${randomUUID()}`;
}

/** The owner in a name that `transientName` made; undefined for any other name. */
function ownerInName(name: string): Owner | undefined {
  const [, namespace, pid, started = '', boot = ''] =
    /^\.tape-(?:(\d+)\.)?(\d+)-(\d*)-([\w-]*)-[\w-]{36}$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), started, boot, namespace };
}
