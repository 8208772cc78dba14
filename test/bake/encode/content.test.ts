import { PNG } from 'pngjs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Content, contentOf, readPairs } from '../../../service/bake/encode/content.ts';
import { readPixels } from '../../../service/bake/frames/pixels.ts';
import { rgbPng } from '../../../service/selfcheck/built-in-tape.ts';
import { createCanvas } from '../../tapes/canvas.ts';
import { encodePng } from '../../tapes/png.ts';
import { seeded } from '../../tapes/random.ts';
import { type SceneName, scenes } from '../../tapes/scenes.ts';

const [WIDTH, HEIGHT] = [160, 120];
const PICTURES = 30;

type Picture = Uint8Array;
/** Pictures of RGBA. */
type Pictures = readonly Picture[];

function drawn(scene: SceneName): Pictures {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const draw = scenes[scene](WIDTH, HEIGHT, seeded(3));
  return Array.from({ length: PICTURES }, (_, n) => {
    draw(canvas, n / 10);
    return canvas.pixels.slice();
  });
}

function painted(colour: (x: number, y: number, n: number) => readonly number[]): Pictures {
  return Array.from({ length: PICTURES }, (_, n) => {
    const pixels = Buffer.alloc(WIDTH * HEIGHT * 4, 255);
    for (let at = 0; at < WIDTH * HEIGHT; at++) {
      pixels.set(colour(at % WIDTH, Math.floor(at / WIDTH), n), at * 4);
    }
    return pixels;
  });
}

/** A coarse pattern that moves by parts of a pixel. */
const waves = painted((x, y, n) => {
  const wave = (place: number, length: number) => 128 + 120 * Math.sin(place / length);
  return [wave(x - 0.4 * n, 4), wave(y + 0.37 * n, 5), wave(x + y, 7)];
});
/** A gradient that stands, over which a soft brush goes. */
const brushed = painted((x, y, n) => {
  const near = Math.max(0, 20 - Math.hypot(x - 4 * n, y - 60)) * 5;
  return [x + 40, y + 60 + near, 90];
});
const random = seeded(9);
const greyNoise = painted(() => {
  const grey = 100 + 60 * random();
  return [grey, grey, grey];
});
/** Tiles of random pixels, which a game scrolls. */
const tile = Array.from({ length: 64 * 64 }, () => 255 * Math.round(random()));
const scrolled = painted((x, y, n) => {
  const value = tile[((y + n) % 64) * 64 + ((x + 3 * n) % 64)]!;
  return [value, 255 - value, 80];
});

/** The same tiles, scrolled along one axis only: the two differ in what is new at the edges. */
const scrolledDown = painted((x, y, n) => {
  const value = tile[((y + 3 * n) % 64) * 64 + (x % 64)]!;
  return [value, 255 - value, 80];
});

const toPngjs = (pixels: Picture, options: object) => {
  const png = new PNG({ width: WIDTH, height: HEIGHT });
  png.data = Buffer.from(pixels);
  return PNG.sync.write(png, options);
};
const toSharp = (pixels: Picture, options: object) =>
  sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
    .png(options)
    .toBuffer();

/** Compressors of PNGs, one for each filter, and some that mix them. */
const COMPRESSORS: Readonly<Record<string, (pixels: Picture) => Buffer | Promise<Buffer>>> = {
  'up, as Chromium': (pixels) => encodePng(pixels, WIDTH, HEIGHT),
  'none, not compressed': (pixels) => toSharp(pixels, { compressionLevel: 0 }),
  'adaptive, compressed well': (pixels) => toSharp(pixels, { adaptiveFiltering: true, compressionLevel: 9 }),
  sub: (pixels) => toPngjs(pixels, { filterType: 1 }),
  average: (pixels) => toPngjs(pixels, { filterType: 3 }),
  'Paeth, without alpha': (pixels) => toPngjs(pixels, { filterType: 4, colorType: 2 }),
};

describe.each<[string, Pictures, Content]>([
  ['a prompt', drawn('prompt'), 'flat'],
  ['a drawing', drawn('paint'), 'flat'],
  ['a wire frame', drawn('wire'), 'busy'],
  ['sprites', drawn('sprites'), 'flat'],
  ['a still', drawn('still'), 'flat'],
  ['scrolled tiles of random pixels', scrolled, 'flat'],
  ['tiles scrolled along one axis', scrolledDown, 'flat'],
  ['a soft drawing', brushed, 'flat'],
  ['a plot of gradients', drawn('plot'), 'smooth'],
  ['waves that move by parts of a pixel', waves, 'smooth'],
  ['coloured noise', drawn('noise'), 'noise'],
  ['grey noise', greyNoise, 'noise'],
])('the content of %s', (what, pictures, content) => {
  it.each(Object.entries(COMPRESSORS))(
    `The content of ${what} is ${content}, compressed with %s`,
    async (_, compress) => {
      expect(contentOf(await readPairs(PICTURES, async (n) => compress(pictures[n]!)))).toBe(content);
    },
  );
});

it.each(Object.entries(COMPRESSORS))(
  'Pixels are read exactly from PNGs with the filter %s',
  async (_, compress) => {
    const picture = drawn('plot')[0]!;
    const { width, height, channels, data } = await readPixels(await compress(picture), 1e6);
    expect([width, height]).toEqual([WIDTH, HEIGHT]);
    const rgb = (bytes: Uint8Array, each: number) => bytes.filter((_, n) => n % each < 3);
    expect(Buffer.compare(rgb(data, channels), rgb(picture, 4))).toBe(0);
  },
);

it('Only so many rows are read as fit into the bytes given, and at least one', async () => {
  const png = rgbPng(Buffer.alloc(10 * 20 * 3), 10, 20);
  expect(await readPixels(png, 100)).toMatchObject({ width: 10, height: 3 });
  expect(await readPixels(png, 1)).toMatchObject({ width: 10, height: 1 });
});

it.each([
  [1, 1],
  [1, 40],
  [40, 1],
  [9, 7],
])('Pictures of %i × %i pixels have a content', async (width, height) => {
  const png = rgbPng(Buffer.alloc(width * height * 3, 7), width, height);
  expect(contentOf(await readPairs(1, async () => png))).toBe('flat');
});
