import { expect, it, onTestFinished } from 'vitest';
import { watchClock } from '../../service/lib/clock.ts';
import { until } from '../rig/until.ts';

it('A clock that is set back is noticed with the time, and one that goes forward or on is not', async () => {
  let [set, steps] = [1_000_000, 0];
  const noticed: number[] = [];
  const clock = watchClock((ms) => noticed.push(ms), {
    everyMs: 1,
    now: () => set + steps * 10,
    steady: () => {
      steps += 1;
      return steps * 10;
    },
  });
  onTestFinished(() => clock.stop());
  const passed = async (more: number) => {
    const before = steps;
    await until('it looked', () => steps > before + more);
  };
  await passed(5);
  set += 3_600_000;
  await passed(5);
  expect(noticed).toEqual([]);
  set -= 3_600_000;
  await passed(5);
  expect(noticed).toHaveLength(1);
  expect(Math.abs(noticed[0]! - 3_600_000)).toBeLessThanOrEqual(20);
});
