import { describe, expect, it } from 'vitest';
import { nextAttemptIn, parseRetryAfter, SCHEDULE } from '../../service/callback/schedule.ts';

const HOUR = 3_600_000;

describe('nextAttemptIn', () => {
  it.each([0, 0.5, 0.999])(
    'The attempts go on for more than a day, with ever longer waits, and end (random %d)',
    (part) => {
      const random = () => part;
      const waits = SCHEDULE.map((_, n) => nextAttemptIn(n + 1, 0, { random })!);
      expect(waits).toEqual([...waits].sort((a, b) => a - b));
      expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(24 * HOUR);
      expect(nextAttemptIn(SCHEDULE.length + 1, 0, { random })).toBeUndefined();
    },
  );

  it('Jitter spreads the attempts', () => {
    const [low, high] = [0, 1].map((part) => nextAttemptIn(2, 0, { random: () => part }));
    expect([low, high]).toEqual([240_000, 360_000]);
  });

  it.each([
    [1, 60_000, 60_000],
    [2, 1000, 240_000],
    [1, 100 * HOUR, 24 * HOUR],
  ])('The wait after attempt %d with Retry-After %d ms is %d ms', (attempt, retryAfter, expected) => {
    expect(nextAttemptIn(attempt, retryAfter, { random: () => 0 })).toBe(expected);
  });
});

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  it.each([
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['2027', 2_027_000],
    ['2026-01-02', 0],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ])('The Retry-After header %j means %d ms', (header, expected) =>
    expect(parseRetryAfter(header, now)).toBe(expected),
  );
});
