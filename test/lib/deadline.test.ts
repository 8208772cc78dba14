import { expect, it } from 'vitest';
import { waitAtMost } from '../../service/lib/deadline.ts';

it('waitAtMost waits for work, but not longer than its time', async () => {
  const late = () => {
    throw new Error('not within 1 ms');
  };
  await expect(waitAtMost(1, new Promise(() => {}), late)).rejects.toThrow('not within 1 ms');
  expect(await waitAtMost(1, new Promise(() => {}), () => 'late')).toBe('late');
  expect(await waitAtMost(60_000, Promise.resolve('soon'), late)).toBe('soon');
});
