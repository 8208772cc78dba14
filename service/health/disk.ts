/** The free space of the disk of TEMP_DIR, for /health, the dashboard and POST /bake. */
import { statfs } from 'node:fs/promises';
import { cached } from '../lib/cached.ts';

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The free space of the disk of TEMP_DIR. */
export interface DiskMonitor {
  /** Throws if the folder is missing. */
  space(): Promise<DiskSpace>;
  /** Whether less than the minimum is free, or the space is unknown. */
  isShort(): Promise<boolean>;
}

/** Reads the space of the disk of `folder`, at most once in `everyMs` milliseconds. */
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
