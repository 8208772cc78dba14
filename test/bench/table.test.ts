import { expect, it } from 'vitest';
import { renderTable, show } from '../../bench/table.ts';

it('A table lines up names to the left and figures to the right', () => {
  const rows = [
    ['prompt', '0.41'],
    ['still', '12.30'],
  ];
  expect(renderTable(['tape', 's'], rows)).toBe(
    ['| tape   |     s |', '| ------ | ----: |', '| prompt |  0.41 |', '| still  | 12.30 |'].join('\n'),
  );
});

it('A table without rows has a head, and a missing cell is empty', () => {
  expect(renderTable(['a', 'b'], [])).toBe('| a   |   b |\n| --- | --: |');
  expect(renderTable(['a', 'b'], [['x']])).toContain('| x   |     |');
});

it.each([
  [1.005, 1, '1.0'],
  [12, 0, '12'],
  [undefined, 2, '–'],
  [Number.NaN, 2, '–'],
  [Infinity, 2, '∞'],
])('The value %d is shown with %i digits as %s', (value, digits, text) => {
  expect(show(value, digits)).toBe(text);
});
