import { expect, it } from 'vitest';
import { crash } from './crash.ts';
import { shortPlan } from './plan.ts';

// The whole of it is `npm run test:crash`.
it('a few kills lose nothing, tell of each tape under one id, and leave nothing in TEMP_DIR', async () => {
  const said: string[] = [];
  const { wrong, accepted } = await crash(shortPlan(1), (line) => said.push(line));
  expect(wrong, said.join('\n')).toEqual([]);
  expect(accepted).toHaveLength(shortPlan(1).length);
}, 600_000);
