import { expect, test } from 'vitest';
import { openTries } from '../../service/lib/tries.ts';

test('A visitor may try so often in a window, and is told how long to wait then', () => {
  let now = 0;
  const tries = openTries({ max: 2, windowMs: 60_000, now: () => now });
  expect([tries.take('a'), tries.take('a'), tries.take('a')]).toEqual([undefined, undefined, 60]);
  expect(tries.take('b')).toBeUndefined();
  now = 59_000;
  expect(tries.take('a')).toBe(1);
  now = 60_000;
  expect(tries.take('a')).toBeUndefined();
});

test('A visitor who was right may try as often again', () => {
  const tries = openTries({ max: 1, windowMs: 60_000 });
  tries.take('a');
  tries.forget('a');
  expect(tries.take('a')).toBeUndefined();
});

test('Only so many visitors are remembered, the newest ones', () => {
  const tries = openTries({ max: 1, windowMs: 60_000, maxVisitors: 2 });
  for (const visitor of ['a', 'b', 'c']) tries.take(visitor);
  expect([tries.take('c'), tries.take('b')]).toEqual([60, 60]);
  expect(tries.take('a')).toBeUndefined();
});
