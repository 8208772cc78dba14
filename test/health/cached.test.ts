import { expect, it } from 'vitest';
import { cached, withTimeout } from '../../service/lib/cached.ts';

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
  await expect(withTimeout(1, new Promise(() => {}))).rejects.toThrow('not within 1 ms');
  expect(await withTimeout(60_000, Promise.resolve('soon'))).toBe('soon');
});
