import { expect, it } from 'vitest';
import { renderMatrix } from '../../bench/matrix.ts';

const times = (seconds: number) =>
  [1, 0.8, 1.2].map((by) => ({ seconds: seconds * by, cpuSeconds: 2 * seconds }));

it.each([
  [1.04, 'held', '4.0 %'],
  [1.06, 'missed', '6.0 %'],
])("Production's version at %d of the fastest one's time: %s", (production, verdict, measured) => {
  const results = ['a', 'b'].map((tape) => ({
    tape,
    times: { host: times(1.5), '6.1.1': times(production), '9.0.2': times(1) },
  }));
  const text = renderMatrix(results);
  expect(text).toMatch(/^\| a +\| +1\.50 \| +3\.00 \| +1\.0[46] \|/m);
  expect(text).toMatch(/^\| geometric mean \| +1\.50 \|/m);
  expect(text).toContain(`within 5 % of the fastest version in the mean (${measured})`);
  expect(text).toContain(verdict);
});

it('Without its version there is no verdict', () => {
  expect(renderMatrix([{ tape: 'a', times: { host: times(1) } }])).not.toMatch(/held|missed/);
});
