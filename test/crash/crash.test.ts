import { expect, it } from 'vitest';
import { crash } from './crash.ts';
import { shortPlan } from './plan.ts';

// `npm run test:crash` kills more often.
it('A few kills lose no tape, change no webhook-id, and leave no folder in TEMP_DIR', async () => {
  const said: string[] = [];
  const { wrong, accepted } = await crash(shortPlan(1), (line) => said.push(line));
  expect(wrong, said.join('\n')).toEqual([]);
  expect(accepted).toHaveLength(shortPlan(1).length);
}, 600_000);
