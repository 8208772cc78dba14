import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bake } from '../../service/bake/bake.ts';
import type { BakeOptions } from '../../service/bake/options.ts';
import type { OutputKind } from '../../service/bake/outputs.ts';
import type { BakeStage } from '../../service/bake/report.ts';
import { makeTape } from '../tapes/make.ts';
import { failure, type Scratch, scratch } from './scratch.ts';

let folders: Scratch;
let tape: string;

beforeAll(async () => {
  folders = await scratch();
  tape = join(folders.root, 'tape.zip');
  await makeTape(tape, { scene: 'noise', width: 64, height: 48, seconds: 0.5, sound: true });
});
beforeEach(() => folders.empty());
afterAll(() => folders.remove());

/** Mounts a disk of so many KiB on a folder while `work` runs. */
async function onSmallDisk(folder: string, kib: number, work: () => Promise<void>): Promise<void> {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', folder]);
  try {
    await work();
  } finally {
    execFileSync('umount', [folder]);
  }
}

/** Whether this user may mount a disk. It is tried before the tests are collected. */
const mayMount = await (async () => {
  const { temp, remove } = await scratch();
  try {
    await onSmallDisk(temp, 64, async () => {});
    return true;
  } catch {
    return false;
  } finally {
    await remove();
  }
})();

function bakeHere(options: Partial<BakeOptions> = {}) {
  return bake(tape, { outDir: folders.out, tempDir: folders.temp, name: 'tape', ...options });
}

/** Writes a file until the disk is full. */
function fillUp(path: string): void {
  writeFileSync(path, '');
  try {
    for (;;) appendFileSync(path, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
}

describe.skipIf(!mayMount)('a full disk (needs the right to mount one)', () => {
  it('A disk that is full while a tape is unpacked fails with DISK_FULL', async () => {
    await onSmallDisk(folders.temp, 64, async () => {
      expect((await failure(bakeHere())).code).toBe('DISK_FULL');
      expect(await folders.left()).toEqual([]);
    });
  });

  it.each<OutputKind>(['mp4', 'webm', 'gif', 'webp'])(
    'A disk that is full while the %s is made fails with DISK_FULL',
    async (kind) => {
      await onSmallDisk(folders.temp, 4096, async () => {
        const filler = join(folders.temp, 'filler');
        let full = false;
        const onProgress = ({ stage }: { stage: BakeStage }) => {
          if (stage === kind && !full) fillUp(filler);
          full ||= stage === kind;
        };
        expect((await failure(bakeHere({ outputs: [{ kind }], onProgress }))).code).toBe('DISK_FULL');
        await rm(filler);
        expect(await folders.left()).toEqual([]);
      });
    },
  );

  it('A disk that is full while the thumbnail is made fails with DISK_FULL', async () => {
    const one = join(folders.root, 'one.zip');
    await makeTape(one, { scene: 'noise', width: 64, height: 48, seconds: 1, fps: 1 });
    await onSmallDisk(folders.temp, 4, async () => {
      const outputs = [{ kind: 'thumbnail' }] as const;
      const failed = bake(one, { outDir: folders.out, tempDir: folders.temp, name: 'one', outputs });
      expect((await failure(failed)).code).toBe('DISK_FULL');
      expect(await folders.left()).toEqual([]);
    });
  });

  it('A disk that is full while finished files are published fails with DISK_FULL', async () => {
    await onSmallDisk(folders.out, 8, async () => {
      expect((await failure(bakeHere())).code).toBe('DISK_FULL');
      expect(await folders.left()).toEqual([]);
    });
  });

  it('Finished files move to another file system with enough room', async () => {
    await onSmallDisk(folders.out, 8192, async () => {
      await bakeHere();
      expect((await folders.left()).sort()).toEqual(['tape-thumb.jpg', 'tape.mp4']);
    });
  });
});
