import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ResultStore } from '../../bench/store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

it.each([
  ['the same run that goes on', 'a', true, 'earlier'],
  ['the same run anew', 'a', false, 'later'],
  ['another run', 'b', true, 'later'],
])('A result is measured once: %s', async (_, run, goesOn, wanted) => {
  const file = join(folder, `${run}-${goesOn}`, 'results');
  const first = await ResultStore.open(file, 'a', true);
  await first.once('section', 'lost', async () => Number.POSITIVE_INFINITY);
  await first.once('section', 'tape', async () => 'earlier');
  const second = await ResultStore.open(file, run, goesOn);
  expect(await second.once('section', 'tape', async () => 'later')).toBe(wanted);
  expect(await second.once('section', 'lost', async () => 0)).toBe(wanted === 'earlier' ? Infinity : 0);
  expect(await second.once('other', 'tape', async () => 'later')).toBe('later');
});
