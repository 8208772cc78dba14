import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts a disk of so many KiB on a folder while `work` runs. */
export async function onSmallDisk(folder: string, kib: number, work: () => Promise<void>): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder], { stdio: 'pipe' });
  try {
    await work();
  } finally {
    execFileSync('umount', [folder]);
  }
}

/** Whether this user may mount a disk. */
export const mayMount = await (async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oven-test-'));
  try {
    await onSmallDisk(folder, 64, async () => {});
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
})();
