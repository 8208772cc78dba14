import { expect, it } from 'vitest';
import { latestOnly } from '../../service/lib/latest-only.ts';

it('latestOnly writes the first and the last value and none between, also after an error', async () => {
  const written: number[] = [];
  const errors: Error[] = [];
  const write = async (value: number) => {
    written.push(value);
    if (value === 0) throw new Error('lost');
  };
  const latest = latestOnly({ write, onError: (error) => errors.push(error), everyMs: 60_000 });
  for (let n = 0; n < 100; n += 1) latest.set(n);
  await latest.flush();
  expect(written).toEqual([0, 99]);
  await latest.flush();
  expect(errors.map(({ message }) => message)).toEqual(['lost']);
});
