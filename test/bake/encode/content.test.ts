import { describe, expect, test } from 'vitest';
import { type Content, contentOf } from '../../../service/bake/encode/content.ts';
import { isLarge, x264Arguments } from '../../../service/bake/encode/x264.ts';

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

describe.each<[Content, number]>([
  ['flat', 1280 * 960],
  ['flat', 2048 * 2048],
  ['smooth', 1280 * 960],
  ['smooth', 2048 * 2048],
  ['noise', 1280 * 960],
  ['noise', 2048 * 2048],
])('x264 for %s pictures of %i pixels', (content, pixels) => {
  const args = x264Arguments(content, pixels);

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

  test('holds few pictures where they are large', () => {
    const params = Object.fromEntries(paramsOf(args));
    expect(params.threads).toBe(isLarge(pixels) ? '2' : '3');
    if (!isLarge(pixels)) return;
    expect(params.ref).toBe('1');
    expect(params.bframes).toBeUndefined();
  });
});

test.each([
  [1280, 1280, false],
  [1600, 1200, true],
  [2048, 2048, true],
])('isLarge: %i × %i → %s', (width, height, large) => {
  expect(isLarge(width * height)).toBe(large);
});
