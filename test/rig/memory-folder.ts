import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const FOLDER = '/dev/shm';
/** Bytes that must be free there: some containers have little. */
const MIN_FREE = 2 ** 31;

/**
 * The folder for what is flushed often and must only outlive its process: one in memory where there is one, else that for temporary
 * files. A flush of a disk waits for all that other tests write.
 */
export const memoryFolder: string = isUsable() ? FOLDER : tmpdir();

function isUsable(): boolean {
  try {
    accessSync(FOLDER, constants.W_OK);
    const { bavail, bsize } = statfsSync(FOLDER);
    return bavail * bsize >= MIN_FREE;
  } catch {
    return false;
  }
}
