import { statfs } from 'node:fs/promises';
import { cached } from '../lib/cached.ts';

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** How full the disk is on which tapes are baked. */
export interface DiskMonitor {
  /** Throws when the folder is not there. */
  space(): Promise<DiskSpace>;
  /** Whether there is less room than there should be, or none that is known. */
  isShort(): Promise<boolean>;
}

/** Looks at the disk of `folder`, at most once in `everyMs` milliseconds. */
export function monitorDisk(folder: string, minFreeBytes: number, everyMs = 1000): DiskMonitor {
  const space = cached(everyMs, async () => {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  });
  return {
    space,
    isShort: () =>
      space().then(
        ({ freeBytes }) => freeBytes < minFreeBytes,
        () => true,
      ),
  };
}
