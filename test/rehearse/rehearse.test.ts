import { expect, test } from 'vitest';
import { findPrerequisites } from './missing.ts';
import { rehearse } from './run.ts';
import { STEPS } from './steps.ts';

const found = await findPrerequisites();
const reason = typeof found === 'string' ? found : undefined;

/** The short form; the whole of it is `npm run rehearse`. */
const SHORT = ['up', 'bake', 'same', 'destroy'];

test.skipIf(reason)(`a rehearsal${reason ? ` (${reason})` : ''}`, { timeout: 900_000 }, async () => {
  if (typeof found === 'string') return;
  const steps = STEPS.filter(({ name }) => SHORT.includes(name));
  const said: string[] = [];
  const stop = new AbortController().signal;
  const { holds, table } = await rehearse(found, { steps, stop, say: (line) => said.push(line) });
  expect(holds, `${said.join('\n')}\n${table}`).toBe(true);
});
