import { execFileSync } from 'node:child_process';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../rig/until.ts';

const MIB = 64;

/** A small disk on a folder, which can be filled and made read-only, with `temp` on it for TEMP_DIR. It needs root. */
export function smallDisk(folder: string) {
  const filler = join(folder, 'filler');
  const temp = join(folder, 'temp');
  const away = join(folder, 'away');
  const remount = (how: 'ro' | 'rw') =>
    execFileSync('mount', ['-o', `remount,${how}`, folder], { stdio: 'pipe' });
  return {
    temp,
    mount: () => void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MIB}m`, 'tmpfs', folder]),
    unmount: () => void execFileSync('umount', ['-l', folder]),
    fill: async () => {
      const file = await open(filler, 'w');
      const piece = Buffer.alloc(2 ** 16);
      try {
        for (;;) await file.write(piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    empty: () => rm(filler),
    /** A file stands in the folder's place, so that no service makes the folder anew. */
    take: async () => {
      await rename(temp, away);
      await writeFile(temp, '');
    },
    giveBack: async () => {
      await rm(temp);
      await rename(away, temp);
    },
    /** The kernel refuses while a file is open for writing, so it is tried in each gap. */
    makeReadOnly: () =>
      until('the disk is read-only', () => {
        remount('ro');
        return true;
      }),
    makeWritable: async () => void remount('rw'),
  };
}
