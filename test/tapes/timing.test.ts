import { describe, expect, it } from 'vitest';
import { makeDurations, makeTiming } from './timing.ts';

const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);

describe('timing', () => {
  it.each([
    { seconds: 8 },
    { seconds: 8, stalls: true },
    { seconds: 30, stalls: true, seed: 9 },
    { seconds: 1, fps: 30 },
    { seconds: 2, fps: 120 },
    { seconds: 0.01 },
  ])('Made timing of %o comes near its seconds, without a duration under 10 ms', (spec) => {
    const durations = makeDurations(spec);
    expect(Math.abs(sum(durations) / 1000 - spec.seconds)).toBeLessThan(0.27);
    expect(Math.min(...durations)).toBeGreaterThanOrEqual(10);
    expect(durations.at(-1)).toBe(16.67);
    expect(durations.filter((duration) => duration > 200).length > 0).toBe(spec.stalls === true);
  });

  it('Made timing entries have numbers, names, and timestamps in epoch ms with fractions', () => {
    const durations = makeDurations({ seconds: 1 });
    const timing = makeTiming(durations);
    timing.forEach((entry, n) => {
      expect(entry).toMatchObject({ frame: n, filename: `frame-${String(n).padStart(5, '0')}.png` });
      const passed = sum(durations.slice(0, n));
      // Epoch ms as a double has steps of about a quarter of a microsecond.
      expect(entry.timestamp - timing[0]!.timestamp).toBeCloseTo(passed, 3);
    });
    expect(timing[1]!.timestamp).toBeGreaterThan(1.7e12);
    expect(Number.isInteger(timing[1]!.timestamp)).toBe(false);
  });
});
