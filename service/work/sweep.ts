import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerInName, remove, removeDead } from './folder.ts';
import { isAlive } from './owner.ts';

/**
 * Removes the folders of tapes below `tempDir` whose owner is dead, and gives their names. Whatever else lies there, and
 * what belongs to a living process (a bake that goes on while a new release starts), stays. Where the folder can't be read
 * there is nothing to sweep: that it can't be used is for each bake to say.
 */
export async function sweep(tempDir: string): Promise<readonly string[]> {
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
  if (name.startsWith('tape-')) return removeDead(tempDir, name);
  const owner = ownerInName(name);
  if (owner === undefined || (await isAlive(owner))) return false;
  await remove(join(tempDir, name));
  return true;
}
