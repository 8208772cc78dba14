import { expect, it } from 'vitest';
import { renderSlowest } from './slowest.ts';

it('The report lists the slowest twenty files with the time of their imports, and the sum of all', () => {
  const rows = Array.from({ length: 25 }, (_, index) => ({
    file: `test/${index}.test.ts`,
    total: index * 1000,
    imports: index * 100,
  }));
  const lines = renderSlowest(rows).split('\n');
  expect(lines).toHaveLength(22);
  expect(lines[1]).toBe('   24.0     2.4  test/24.test.ts');
  expect(lines[20]).toBe('    5.0     0.5  test/5.test.ts');
  expect(lines[21]).toBe('  300.0    30.0  all 25 files');
});
