import { expect, it } from 'vitest';
import { geometricMean, median, pairwiseRatio, worst } from '../../bench/statistics.ts';

it.each([
  [[3], 3],
  [[5, 1, 3], 3],
  [[4, 1, 2, 3], 2.5],
  [[], Number.NaN],
])('The median of %o is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

it.each([
  [[8], 8],
  [[0.5, 2], 1],
  [[1, 10, 100], 10],
])('The geometric mean of %o is %d', (values, expected) => {
  expect(geometricMean(values)).toBeCloseTo(expected, 12);
});

it('The mean of no values is NaN', () => {
  expect(geometricMean([])).toBeNaN();
});

it('A machine that slows down by half changes no ratio of rounds', () => {
  expect(pairwiseRatio([6, 6, 12], [2, 2, 4])).toBe(3);
});

it.each([
  [[], 0],
  [[0.5, -3, 2], 3],
  [[1, Infinity], Infinity],
])('The worst of %o is %d', (values, expected) => {
  expect(worst(values)).toBe(expected);
});
