import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
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
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
    const [, , type, options = ''] =
      mounts.map((line) => line.split(' ')).findLast(([, at]) => at === FOLDER) ?? [];
    // Programs of a played host lie there.
    return type === 'tmpfs' && !options.split(',').includes('noexec') && bavail * bsize >= MIN_FREE;
  } catch {
    return false;
  }
}
