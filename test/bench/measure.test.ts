import { describe, expect, it } from 'vitest';
import { parseTimes, pinned, timeCommand } from '../../bench/measure.ts';
import { descendants, fieldKiB, parentOf, sampleMemory } from '../../bench/memory.ts';

describe('times', () => {
  it('Times are read from the line that bash writes', () => {
    expect(parseTimes('1.250 0.500 0.250\n')).toEqual({ seconds: 1.25, cpuSeconds: 0.75 });
    expect(() => parseTimes('bash: no such thing')).toThrow(/can't be read/);
  });

  it("Times include a grandchild's work, and ignore the command's output", async () => {
    const work = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);';
    const script = `echo noise; echo noise >&2; "${process.execPath}" -e '${work}'; true`;
    const { seconds, cpuSeconds } = await timeCommand(['sh', '-c', script]);
    expect(cpuSeconds).toBeGreaterThan(0.29);
    expect(seconds).toBeGreaterThan(0.2);
  });

  it('A command that fails has no times', async () => {
    await expect(timeCommand(['sh', '-c', 'echo broken >&2; exit 3'])).rejects.toThrow(/broken/);
  });

  it('Times can be measured on one core', () => {
    expect(pinned(['node', 'x.ts'])).toEqual(['taskset', '-c', '0', 'node', 'x.ts']);
  });
});

describe('memory', () => {
  it('Memory is that of a process and all its descendants', () => {
    const parents = new Map([
      [2, 1],
      [10, 2],
      [11, 10],
      [12, 10],
      [13, 12],
      [14, 2],
    ]);
    expect(descendants(parents, 10).sort()).toEqual([10, 11, 12, 13]);
    expect(descendants(parents, 99)).toEqual([99]);
  });

  it('Memory is read from /proc for a process of any name', () => {
    expect(parentOf('7 (a) b (c)) S 42 7 7 0')).toBe(42);
    const text = 'Name:\tx\nVmHWM:\t  999 kB\nVmRSS:\t  1234 kB\n';
    expect([fieldKiB(text, 'VmRSS'), fieldKiB(text, 'Pss')]).toEqual([1234, 0]);
  });

  it.runIf(process.platform === 'linux')('Memory includes that of a grandchild', async () => {
    // Memory that is held for a shorter time than some samples take may be missed; half a second is thirty of them.
    const hold = 'const b = Buffer.alloc(150 << 20, 1); setTimeout(() => console.log(b.length), 500);';
    const peak = await sampleMemory(['sh', '-c', `"${process.execPath}" -e '${hold}'; true`]);
    expect(peak.stdout).toBe(`${150 << 20}`);
    expect(peak.rssMiB).toBeGreaterThan(150);
    expect(peak.pssMiB).toBeGreaterThan(150);
    expect(peak.pssMiB).toBeLessThanOrEqual(peak.rssMiB + 1);
  });
});
