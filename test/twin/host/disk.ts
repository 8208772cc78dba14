import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ContainerOptions } from './container.ts';

/** Where a host's root is put together, and where it writes. */
export type Disk = Pick<ContainerOptions, 'mountPoint' | 'upper' | 'work' | 'disk'>;

/**
 * Makes a host's disk with what `fill` lays into its root: folders of this machine, or with `megabytes` a file system of its own
 * in an image, which takes no more room here than what is written.
 */
export async function makeDisk(
  folder: string,
  megabytes: number | undefined,
  fill: (upper: string) => Promise<void>,
): Promise<Disk> {
  const place = (...parts: string[]) => join(folder, ...parts);
  const mountPoint = place('root');
  await mkdir(mountPoint, { recursive: true });
  const lay = async (at: string) => {
    for (const part of ['upper', 'work']) await mkdir(join(at, part), { recursive: true });
    await fill(join(at, 'upper'));
  };
  if (megabytes === undefined) {
    await lay(folder);
    return { mountPoint, upper: place('upper'), work: place('work') };
  }
  const [draft, image, at] = [place('draft'), place('disk.ext4'), place('disk')] as const;
  await lay(draft);
  await mkdir(at);
  // No blocks are reserved for root, because most of a host runs as root.
  await execa('mke2fs', ['-q', '-t', 'ext4', '-m', '0', '-d', draft, image, `${megabytes}M`]);
  await rm(draft, { recursive: true });
  return { mountPoint, upper: join(at, 'upper'), work: join(at, 'work'), disk: { image, at } };
}
