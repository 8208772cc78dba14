import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';

/**
 * Runs `work` while no other process holds the lock `file`. The kernel lets go of it when this process ends, however
 * it ends: flock(1) holds it until its standard input closes.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = execa('flock', [file, 'sh', '-c', 'echo held; cat >/dev/null'], { stdin: 'pipe' });
  try {
    await Promise.race([new Promise((resolve) => holder.stdout.once('data', resolve)), holder]);
    return await work();
  } finally {
    holder.stdin.end();
    await holder;
  }
}
