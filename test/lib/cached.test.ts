import { expect, it } from 'vitest';
import { cached } from '../../service/lib/cached.ts';

it('Callers share one cached answer until it is old', async () => {
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

it('A failure is cached as long as an answer', async () => {
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
