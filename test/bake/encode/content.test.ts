import { describe, expect, test } from 'vitest';
import { type Content, contentOf } from '../../../service/bake/encode/content.ts';
import {
  endsInOrder,
  gainsByReordering,
  isLarge,
  type Stream,
  x264Arguments,
} from '../../../service/bake/encode/x264.ts';

test.each<[string, number, number, number, Content]>([
  ['a drawing', 30_000, 10, 100_000, 'flat'],
  ['just below a gradient', 499_999, 10, 100_000, 'flat'],
  ['a gradient', 500_000, 10, 100_000, 'smooth'],
  ['just below noise', 1_999_999, 10, 100_000, 'smooth'],
  ['noise', 3_300_000, 10, 100_000, 'noise'],
  ['one picture of noise', 330_000, 1, 100_000, 'noise'],
])('%s', (_, bytes, pictures, pixels, content) => {
  expect(contentOf(bytes, pictures, pixels)).toBe(content);
});

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
};

describe.each<Pick<Stream, 'content' | 'width' | 'height'>>([
  { content: 'flat', width: 1280, height: 960 },
  { content: 'flat', width: 2048, height: 2048 },
  { content: 'smooth', width: 1280, height: 960 },
  { content: 'smooth', width: 2048, height: 2048 },
  { content: 'noise', width: 1280, height: 960 },
  { content: 'noise', width: 2048, height: 2048 },
])('x264 for $content pictures of $width × $height', (given) => {
  const large = isLarge(given.width * given.height);
  const reorder = gainsByReordering(given.content, given.width * given.height);
  const args = x264Arguments({ ...stream, ...given, reorder });

  test('is H.264 of constant quality', () => {
    expect(args.slice(0, 2)).toEqual(['-c:v', 'libx264']);
    expect(args).toContain('-preset');
    const crf = Number(args[args.indexOf('-crf') + 1]);
    expect(crf).toBeGreaterThan(10);
    expect(crf).toBeLessThan(30);
  });

  test('has its settings in one list, each once and with a value', () => {
    const params = paramsOf(args);
    const keys = params.map(([key]) => key);
    expect(keys).toContain('cabac');
    expect(keys).toContain('keyint');
    expect(new Set(keys).size).toBe(keys.length);
    expect(params.every(([, value]) => value)).toBe(true);
  });

  test('says what it is, so that no version of ffmpeg guesses', () => {
    const signalled = { fps: '60', colorprim: 'bt709', transfer: 'bt709', colormatrix: 'bt709', range: 'tv' };
    expect(Object.fromEntries(paramsOf(args))).toMatchObject(signalled);
  });

  test('holds few pictures where they are large', () => {
    const params = Object.fromEntries(paramsOf(args));
    expect(params.threads).toBe(large ? '2' : '3');
    expect(params.bframes).toBe(given.content === 'smooth' && !large ? '3' : undefined);
    if (large) expect(params.ref).toBe('1');
  });
});

test('every picture of noise is a keyframe, but for those that repeat the one before', () => {
  const args = x264Arguments({ ...stream, content: 'noise', repeatsFrom: 7 });
  expect(args[args.indexOf('-force_key_frames') + 1]).toBe('expr:lt(n,7)');
  expect(x264Arguments(stream)).not.toContain('-force_key_frames');
});

test.each([
  [1, true],
  [2, true],
  [3, false],
  [4, false],
  [5, false],
  [6, true],
  [7, false],
  [10, true],
  // The 601st is a keyframe.
  [599, false],
  [600, false],
  [601, true],
  [602, true],
  [603, false],
])('with B-frames, the last of %i pictures is decoded last: %s', (pictures, last) => {
  expect(endsInOrder(pictures)).toBe(last);
});

test.each([
  [1280, 1280, false],
  [1600, 1200, true],
  [2048, 2048, true],
])('isLarge: %i × %i → %s', (width, height, large) => {
  expect(isLarge(width * height)).toBe(large);
});
