import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BakeError } from './errors.ts';

/**
 * Runs `work` in a new folder of its own below `tempDir`, and removes the folder whatever happens. Its name begins with
 * `tape-` and the tape's name, so that an operator sees whose it is. Throws DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withWorkspace<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await makeFolder(tempDir, name);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeFolder(tempDir: string, name: string): Promise<string> {
  try {
    return await mkdtemp(join(tempDir, `tape-${name.slice(0, 64)}-`));
  } catch (cause) {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  }
}

/** The error to throw when a write failed for want of room; undefined for any other failure. */
export function diskFull(cause: unknown, what = 'working files'): BakeError | undefined {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new BakeError('DISK_FULL', `There is no room left on the disk for the ${what}.`, { cause });
}
