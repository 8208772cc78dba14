import { describe, expect, it } from 'vitest';
import {
  decodeOrder,
  endsInOrder,
  gainsByReordering,
  isLarge,
  type LevelInput,
  levelOf,
  type Stream,
  x264Arguments,
} from '../../../service/bake/encode/x264.ts';

/** The list of `-x264-params`, as pairs. */
function paramsOf(args: readonly string[]): [string, string][] {
  const list = args[args.indexOf('-x264-params') + 1]!;
  return list.split(':').map((pair) => pair.split('=') as [string, string]);
}

const stream: Stream = {
  content: 'flat',
  width: 1280,
  height: 960,
  reorder: false,
  peakRate: 60,
  repeatsFrom: 480,
  rate: 60,
  constantRate: false,
  encoders: 1,
};

describe.each<Pick<Stream, 'content' | 'width' | 'height'>>([
  { content: 'flat', width: 1280, height: 960 },
  { content: 'flat', width: 2048, height: 2048 },
  { content: 'busy', width: 1280, height: 960 },
  { content: 'smooth', width: 1280, height: 960 },
  { content: 'smooth', width: 2048, height: 2048 },
  { content: 'noise', width: 1280, height: 960 },
  { content: 'noise', width: 2048, height: 2048 },
])('x264 for $content pictures of $width × $height', (given) => {
  const large = isLarge(given.width * given.height);
  const reorder = gainsByReordering(given.content, given.width * given.height);
  const args = x264Arguments({ ...stream, ...given, reorder });

  it('x264 encodes at constant quality', () => {
    expect(args.slice(0, 2)).toEqual(['-c:v', 'libx264']);
    expect(args).toContain('-preset');
    const qp = Number(args[args.indexOf('-qp') + 1]);
    expect(qp).toBeGreaterThan(15);
    expect(qp).toBeLessThan(40);
  });

  it('The settings of x264 are one list, each once and with a value', () => {
    const params = paramsOf(args);
    const keys = params.map(([key]) => key);
    expect(keys).toContain('cabac');
    expect(keys).toContain('keyint');
    expect(new Set(keys).size).toBe(keys.length);
    expect(params.every(([, value]) => value)).toBe(true);
  });

  it('The settings of x264 have the tags of the stream', () => {
    const signalled = { fps: '60', colorprim: 'bt709', transfer: 'bt709', colormatrix: 'bt709', range: 'tv' };
    expect(Object.fromEntries(paramsOf(args))).toMatchObject(signalled);
  });

  it('x264 holds few pictures in memory where they are large', () => {
    const params = Object.fromEntries(paramsOf(args));
    expect(params.threads).toBe(large ? '2' : '3');
    expect(params.bframes).toBe(reorder ? '3' : undefined);
    if (large) expect(params.ref).toBe('1');
  });
});

it.each([
  ['flat', 1280, 720, '27', '0.9', '-4'],
  ['flat', 1080, 1920, '26', '0.9', '-4'],
  ['busy', 1280, 720, '27', '0.9', '-4'],
  ['smooth', 1080, 1920, '24', '0.7', '0'],
  ['noise', 1080, 1920, '28', '0.8', '-4'],
] as const)(
  'A share video of %s pictures of %i × %i has a limited rate',
  (content, width, height, ...expected) => {
    const args = x264Arguments({ ...stream, content, width, height, constantRate: true });
    const params = Object.fromEntries(paramsOf(args));
    expect(args).not.toContain('-qp');
    expect([args[args.indexOf('-crf') + 1], params.qcomp, params['chroma-qp-offset']]).toEqual(expected);
    expect(params).toMatchObject({ '8x8dct': '1', 'vbv-maxrate': '20000' });
  },
);

it('Every picture of noise is a keyframe, except those that repeat the one before', () => {
  const args = x264Arguments({ ...stream, content: 'noise', repeatsFrom: 7 });
  expect(args[args.indexOf('-force_key_frames') + 1]).toBe('expr:lt(n,7)');
  expect(x264Arguments(stream)).not.toContain('-force_key_frames');
});

it.each([
  [1, '0'],
  [5, '0 4 1 2 3'],
  [6, '0 4 1 2 3 5'],
  [7, '0 4 1 2 3 6 5'],
  [10, '0 4 1 2 3 8 5 6 7 9'],
  // The 601st picture is a keyframe, and no picture before it waits for it.
  [602, '599 597 598 600 601'],
])('The decode order of %i pictures with B-frames ends with %s', (pictures, end) => {
  const order = decodeOrder([{ from: 0, to: pictures }]);
  expect(order.join(' ').endsWith(end)).toBe(true);
  expect(order.toSorted((a, b) => a - b)).toEqual([...Array(pictures).keys()]);
});

describe('samples end in order', () => {
  const lasting = (...ticks: readonly number[]) =>
    ticks.map((length, picture) => {
      const start = ticks.slice(0, picture).reduce((sum, each) => sum + each, 0);
      return { picture, start, end: start + length };
    });
  const nine = Array<number>(9).fill(1500);

  it.each<[string, readonly number[], boolean]>([
    ['the last is decoded last', [...nine, 1500], true],
    ['… and lasts', [...nine, 450_000], true],
    ['the last is decoded before the one shown before it', nine, false],
    ['the last but two waits longer than any before', nine.with(7, 9000).concat(1500), false],
    ['the one before it waits as long', nine.with(6, 9000).with(7, 9000).concat(1500), false],
    ['… or a little longer', nine.with(6, 9001).with(7, 9000).concat(1500), true],
    ['another did before', nine.with(7, 9000).with(2, 9000).concat(1500), true],
    ['the last but one takes the time of an earlier one, beyond the end', nine.with(8, 90).concat(90), false],
  ])('endsInOrder tells whether an MP4 can hold the samples: %s', (_, ticks, inOrder) => {
    const samples = lasting(...ticks);
    expect(endsInOrder(samples, [{ from: 0, to: samples.length }])).toBe(inOrder);
  });
});

it.each([
  [1280, 1280, false],
  [1600, 1200, true],
  [2048, 2048, true],
])('isLarge gives for %i × %i: %s', (width, height, large) => {
  expect(isLarge(width * height)).toBe(large);
});

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
