import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('../../service/dashboard/browser/page.css', import.meta.url), 'utf8');
const [dark = '', light = ''] = css.split('@media (prefers-color-scheme: light)');
const colours = (block: string) =>
  new Map([...block.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]));

/** WCAG 2's contrast of two colours, 1 to 21. */
function contrast(a: string, b: string): number {
  const [more = 0, less = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (more + 0.05) / (less + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe.each([
  ['dark', colours(dark)],
  ['light', colours(light)],
])('The %s palette', (_name, palette) => {
  test.each(['ink', 'dim', 'pink', 'heat', 'good', 'bad', 'wait'])(
    'The text colour %s has a contrast of 4.5 on every ground',
    (name) => {
      for (const ground of ['ground', 'panel']) {
        expect(contrast(palette.get(name)!, palette.get(ground)!)).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  test('Fields, bars and the focus ring have a contrast of 3', () => {
    for (const name of ['dim', 'heat', 'pink']) {
      expect(contrast(palette.get(name)!, palette.get('ground')!)).toBeGreaterThanOrEqual(3);
    }
    expect(contrast('#3a1638', '#ff5fa2')).toBeGreaterThanOrEqual(3); // within the mark
  });
});

test('The contrast of known colours is as WCAG says', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
