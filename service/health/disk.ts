import { statfs } from 'node:fs/promises';
import { cached } from './cached.ts';

export interface Room {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** How full the disk is on which tapes are baked. */
export interface Disk {
  /** Throws when the folder is not there. */
  room(): Promise<Room>;
  /** Whether there is less room than there should be, or none that is known. */
  isShort(): Promise<boolean>;
}

/** Looks at the disk of `folder`, at most once in `everyMs` milliseconds. */
export function watchDisk(folder: string, minFreeBytes: number, everyMs = 1000): Disk {
  const room = cached(everyMs, async () => {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  });
  return {
    room,
    isShort: () =>
      room().then(
        ({ freeBytes }) => freeBytes < minFreeBytes,
        () => true,
      ),
  };
}
