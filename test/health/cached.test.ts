import { expect, it } from 'vitest';
import { cached } from '../../service/lib/cached.ts';
import { waitAtMost } from '../../service/lib/deadline.ts';

it('asks once however many want to know, and again when the answer is old', async () => {
  let asked = 0;
  let now = 0;
  const ask = cached(
    100,
    async () => ++asked,
    () => now,
  );
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  now = 99;
  expect(await ask()).toBe(1);
  now = 100;
  expect(await ask()).toBe(2);
});

it('keeps a failure as long as an answer', async () => {
  let asked = 0;
  let now = 0;
  const ask = cached(
    100,
    async () => {
      asked += 1;
      throw new Error(`no ${asked}`);
    },
    () => now,
  );
  await expect(ask()).rejects.toThrow('no 1');
  await expect(ask()).rejects.toThrow('no 1');
  now = 100;
  await expect(ask()).rejects.toThrow('no 2');
});

it('waits no longer than it should', async () => {
  const late = () => {
    throw new Error('not within 1 ms');
  };
  await expect(waitAtMost(1, new Promise(() => {}), late)).rejects.toThrow('not within 1 ms');
  expect(await waitAtMost(1, new Promise(() => {}), () => 'late')).toBe('late');
  expect(await waitAtMost(60_000, Promise.resolve('soon'), late)).toBe('soon');
});
