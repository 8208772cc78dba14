import { expect, it } from 'vitest';
import { rebakeWithKills, UNDER_WAY } from './rebake.ts';

it('Tapes that are baked again while command and service are killed are baked once each, and let other tapes pass', async () => {
  const { wrong, stdout, passedBy } = await rebakeWithKills(120, 5);
  expect(wrong).toEqual([]);
  expect(stdout).toMatch(/^117 tapes baked again; 3 not:/);
  expect(stdout).toMatch(/bad7 +NOT_A_ZIP/);
  expect(passedBy).toBeGreaterThanOrEqual(0);
  expect(passedBy).toBeLessThanOrEqual(UNDER_WAY);
}, 180_000);
