import { expect, it, onTestFinished, vi } from 'vitest';
import { monitorEventLoop } from '../../service/health/event-loop.ts';
import { until } from '../rig/until.ts';

it('A service that computes for a while is reported', async () => {
  const monitor = monitorEventLoop(300);
  onTestFinished(monitor.close);
  const end = performance.now() + 500;
  while (performance.now() < end);
  const [reason] = await until('the delay is noticed', () => {
    const reasons = monitor.judge();
    return reasons.length > 0 && reasons;
  });
  expect(reason).toMatchObject({
    code: 'EVENT_LOOP',
    message: expect.stringMatching(/nothing for \d+\.\d s/),
  });
});

it('A delay counts for a minute, and a shorter one not at all', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let now = 0;
  const monitor = monitorEventLoop(1000, () => now);
  onTestFinished(monitor.close);
  const pass = (ms: number) => {
    now += ms;
    vi.advanceTimersByTime(100);
  };
  pass(100);
  pass(1099);
  expect(monitor.judge()).toEqual([]);
  pass(3100);
  expect(monitor.judge().map(({ message }) => message)).toEqual([
    'The service answered nothing for 3.0 s within the last minute.',
  ]);
  now += 59_999;
  expect(monitor.judge()).toHaveLength(1);
  now += 1;
  expect(monitor.judge()).toEqual([]);
});
