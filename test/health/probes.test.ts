import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DiskMonitor, monitorDisk } from '../../service/health/disk.ts';
import { openProbes, type ProbeOptions } from '../../service/health/probes.ts';

let folder: string;
const disk: DiskMonitor = {
  space: async () => ({ freeBytes: 1, totalBytes: 1 }),
  isShort: async () => false,
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-probes-'));
  await writeFile(join(folder, 'ffmpeg'), '');
  await chmod(join(folder, 'ffmpeg'), 0o755);
  await writeFile(join(folder, 'plain'), '');
});
afterAll(() => rm(folder, { recursive: true }));

describe('openProbes', () => {
  it.each<[string, string[], Partial<ProbeOptions>]>([
    ['everything in order', [], {}],
    ['a Redis that refuses', ['REDIS'], { checkQueue: () => Promise.reject(new Error('no')) }],
    ['a Redis that hangs', ['REDIS'], { checkQueue: () => new Promise(() => {}), queueMs: 5 }],
    ['a full disk', ['DISK'], { disk: { ...disk, isShort: async () => true } }],
    ['no encoder', ['FFMPEG_MISSING'], { path: '/nowhere:' }],
    [
      'no encoder, for which tapes wait',
      ['FFMPEG_MISSING'],
      { path: '/nowhere:', fault: () => ({ code: 'FFMPEG_MISSING', message: 'x' }) },
    ],
    [
      'a fault for which tapes wait',
      ['TEMP_DIR_UNUSABLE'],
      { fault: () => ({ code: 'TEMP_DIR_UNUSABLE', message: 'x' }) },
    ],
  ])('A service with %s reports the reasons %j', async (_what, codes, options) => {
    const probe = openProbes({ checkQueue: async () => {}, disk, path: `/nowhere:${folder}`, ...options });
    const reasons = await probe();
    expect(reasons.map(({ code }) => code)).toEqual(codes);
    for (const { message } of reasons) expect(message).not.toContain('/nowhere');
  });

  it('A Redis that waits for its disk for two seconds is healthy', async () => {
    vi.useFakeTimers();
    try {
      const checkQueue = () => new Promise<void>((resolve) => setTimeout(resolve, 2000));
      const reasons = openProbes({ checkQueue, disk, path: folder })();
      await vi.advanceTimersByTimeAsync(2000);
      expect(await reasons).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('Fifty callers at once share one check', async () => {
    let pings = 0;
    const probe = openProbes({
      checkQueue: async () => {
        pings += 1;
      },
      disk,
      path: folder,
    });
    await Promise.all(Array.from({ length: 50 }, probe));
    expect(pings).toBe(1);
  });
});

describe('monitorDisk', () => {
  it('The disk has the free space that the system reports', async () => {
    const { freeBytes, totalBytes } = await monitorDisk(folder, 0).space();
    expect(totalBytes).toBeGreaterThan(freeBytes);
    expect(freeBytes).toBeGreaterThan(0);
  });

  it.each([
    [0, false],
    [Number.MAX_SAFE_INTEGER, true],
  ])('The disk with a minimum of %d free bytes is short: %s', async (floor, isShort) => {
    expect(await monitorDisk(folder, floor).isShort()).toBe(isShort);
  });

  it('A missing folder counts as a full disk', async () => {
    const gone = monitorDisk(join(folder, 'none'), 0);
    expect(await gone.isShort()).toBe(true);
    await expect(gone.space()).rejects.toThrow('ENOENT');
  });
});
