import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Colour, rgba } from '../tapes/canvas.ts';
import { drawFrames } from '../tapes/make.ts';
import { bars, pathOf, timed, useBakeFixture } from './fixture.ts';
import { decodePicture } from './inspect.ts';

const fixture = useBakeFixture();
type Rgb = readonly [number, number, number];
const SATURATED: readonly Rgb[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [0, 255, 255],
  [255, 0, 255],
  [255, 255, 255],
  [0, 0, 0],
];
const packed = ([red, green, blue]: Rgb): Colour => rgba(red, green, blue);

/** The distance of one pixel from a colour, in levels of 255: that of the worst of its three values. */
function levels(pixels: Buffer, width: number, x: number, y: number, colour: readonly number[]): number {
  const at = (y * width + x) * 3;
  return Math.max(...colour.map((value, n) => Math.abs(value - pixels[at + n]!)));
}

describe('saturated colours', () => {
  it.each([
    ['mp4', 2],
    ['mp4', 4],
    ['webm', 2],
  ] as const)('Saturated bars in %s, enlarged %i times, come back within 3 levels', async (kind, scale) => {
    await fixture.compose(timed([await bars(64, 32, SATURATED.map(packed))], [200]));
    const report = await fixture.bake({ outputs: [{ kind, scale }] });
    const pixels = await decodePicture(pathOf(report, kind), 0, 64, 32);
    for (const [n, colour] of SATURATED.entries()) {
      expect(levels(pixels, 64, n * 8 + 4, 16, colour), `${colour}`).toBeLessThanOrEqual(3);
    }
  });
});

it('A line of one pixel keeps its colour, since each pixel has its own chroma', async () => {
  const colours = Array.from({ length: 32 }, (_, x) => packed(x === 16 ? [255, 40, 90] : [20, 30, 60]));
  await fixture.compose(timed([await bars(32, 24, colours)], [200]));
  const report = await fixture.bake();
  const pixels = await decodePicture(pathOf(report, 'mp4'), 0, 32, 24);
  expect(levels(pixels, 32, 16, 12, [255, 40, 90])).toBeLessThanOrEqual(12);
  expect(levels(pixels, 32, 15, 12, [20, 30, 60])).toBeLessThanOrEqual(12);
  expect(levels(pixels, 32, 17, 12, [20, 30, 60])).toBeLessThanOrEqual(12);
});

describe('alpha', () => {
  const orange = (alpha: number) => rgba(255, 160, 40, alpha);
  const onBlack = (alpha: number) => [255, 160, 40].map((value) => (value * alpha) / 255);
  const ALPHAS = [0, 64, 128, 255];

  it.each([['mp4'], ['webm']] as const)('Flat colours with alpha are laid on black in %s', async (kind) => {
    await fixture.compose(timed([await bars(64, 32, ALPHAS.map(orange))], [200]));
    const report = await fixture.bake({ outputs: [{ kind, scale: 2 }] });
    const pixels = await decodePicture(pathOf(report, kind), 0, 64, 32);
    for (const [n, alpha] of ALPHAS.entries()) {
      expect(levels(pixels, 64, n * 16 + 8, 16, onBlack(alpha)), `${alpha}`).toBeLessThanOrEqual(4);
    }
  });

  it('One late picture with transparent pixels is laid on black', async () => {
    const opaque = await Promise.all([40, 80, 120].map((grey) => bars(64, 32, [rgba(grey, grey, grey)])));
    const holed = await bars(64, 32, [orange(255), rgba(255, 0, 255, 0)]);
    await fixture.compose(timed([...opaque, holed], [100, 100, 100, 100]));
    const report = await fixture.bake();
    const first = await decodePicture(pathOf(report, 'mp4'), 0, 64, 32);
    expect(levels(first, 64, 20, 16, [40, 40, 40])).toBeLessThanOrEqual(3);
    const last = await decodePicture(pathOf(report, 'mp4'), 3, 64, 32);
    expect(levels(last, 64, 10, 16, [255, 160, 40])).toBeLessThanOrEqual(4);
    expect(levels(last, 64, 50, 16, [0, 0, 0])).toBeLessThanOrEqual(4);
  });

  it('Every picture of the fading scene is laid on black', async () => {
    const [png] = await drawFrames({ scene: 'fade', width: 64, height: 48, seconds: 1 }, [0.2]);
    await fixture.compose(timed([png!], [200]));
    const report = await fixture.bake();
    const pixels = await decodePicture(pathOf(report, 'mp4'), 0, 64, 48);
    const wanted = await sharp(png!).flatten({ background: 'black' }).removeAlpha().raw().toBuffer();
    const error = pixels.reduce((sum, value, n) => sum + Math.abs(value - wanted[n]!), 0) / pixels.length;
    expect(error).toBeLessThan(4);
  });
});

describe('odd sizes at scale 1', () => {
  it.each([
    [33, 17, 34, 18],
    [33, 16, 34, 16],
    [32, 17, 32, 18],
    [1, 1, 2, 2],
  ])(
    'A tape of %i × %i is padded to %i × %i by its last column and row',
    async (width, height, videoWidth, videoHeight) => {
      await fixture.compose(
        timed([await bars(width, height, [rgba(200, 60, 60), rgba(60, 180, 90)])], [200]),
      );
      const report = await fixture.bake({ outputs: [{ kind: 'mp4', scale: 1 }] });
      expect(report.outputs[0]).toMatchObject({ width: videoWidth, height: videoHeight });
      const pixels = await decodePicture(pathOf(report, 'mp4'), 0, videoWidth, videoHeight);
      const at = (x: number, y: number) => [...pixels.subarray((y * videoWidth + x) * 3).subarray(0, 3)];
      const last = width === 1 ? [200, 60, 60] : [60, 180, 90];
      for (const [x, y] of [
        [videoWidth - 1, 0],
        [videoWidth - 2, 0],
        [videoWidth - 1, videoHeight - 1],
        [videoWidth - 2, videoHeight - 2],
      ] as const) {
        expect(levels(pixels, videoWidth, x, y, last), `${x},${y}: ${at(x, y)}`).toBeLessThanOrEqual(6);
      }
    },
  );
});
