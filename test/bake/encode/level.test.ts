import { expect, it } from 'vitest';
import { type LevelInput, levelOf } from '../../../service/bake/encode/x264.ts';

const demand = (width: number, height: number, peakRate: number, held = 1): LevelInput => ({
  width,
  height,
  peakRate,
  held,
});

it.each<[string, LevelInput, string]>([
  ['the smallest picture', demand(2, 2, 1), '1.0'],
  ['QCIF, 15 a second', demand(176, 144, 15), '1.0'],
  ['QCIF, 16 a second', demand(176, 144, 16), '1.1'],
  ['QCIF, with as many held pictures as level 1 allows', demand(176, 144, 15, 4), '1.0'],
  ['one held picture more', demand(176, 144, 15, 5), '1.1'],
  ['CIF, 30 a second', demand(352, 288, 30), '1.3'],
  ['640 × 480, 30 a second', demand(640, 480, 30), '3.0'],
  ['640 × 480, 60 a second', demand(640, 480, 60), '3.1'],
  ['1280 × 720, 30 a second', demand(1280, 720, 30), '3.1'],
  ['1280 × 720, 60 a second', demand(1280, 720, 60), '3.2'],
  ['1280 × 960, 2 a second', demand(1280, 960, 2), '3.2'],
  ['1280 × 960, 60 a second', demand(1280, 960, 60), '4.2'],
  ['1920 × 1080, 30 a second', demand(1920, 1080, 30), '4.0'],
  ['1920 × 1080, 60 a second', demand(1920, 1080, 60), '4.2'],
  ['2048 × 2048, 10 a second', demand(2048, 2048, 10), '5.0'],
  ['2048 × 2048, 60 a second', demand(2048, 2048, 60), '5.1'],
  // 1,280 pixels are 80 macroblocks; level 2.1 has at most √(8 × 792) = 79 in a row, and 2.2 has 113.
  ['a long row', demand(1280, 16, 2), '2.2'],
  ['more than any level has', demand(16_384, 16_384, 60), '6.2'],
])('The level of H.264 is the lowest that suffices: %s', (_, what, level) => {
  expect(levelOf(what)).toBe(level);
});
