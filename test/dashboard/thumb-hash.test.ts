import { rgbaToThumbHash } from 'thumbhash';
import { describe, expect, it } from 'vitest';
import { thumbHashUrl } from '../../service/dashboard/thumb-hash.ts';

/** The ThumbHash of a picture of the given size, each of whose pixels `paint` colours by its place from 0 to 1. */
function hashOf(width: number, height: number, paint: (x: number, y: number) => number[]): string {
  const rgba = Array.from({ length: width * height }, (_, n) => [
    ...paint((n % width) / width, Math.floor(n / width) / height),
    255,
  ]).flat();
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
}

/** Size and pixels ([red, green, blue]) of the bitmap in a URL, read by the format's own fields. */
function read(url: string | undefined) {
  const [type, text] = (url ?? '').split(',');
  expect(type).toBe('data:image/bmp;base64');
  const bytes = Buffer.from(text!, 'base64');
  expect(bytes.readUInt32LE(2)).toBe(bytes.length);
  const [width, height, from] = [bytes.readInt32LE(18), bytes.readInt32LE(22), bytes.readUInt32LE(10)];
  const stride = (bytes.length - from) / height;
  expect(stride % 4).toBe(0);
  const pixel = (x: number, y: number) => {
    const at = from + (height - 1 - y) * stride + x * 3;
    return [...bytes.subarray(at, at + 3)].reverse();
  };
  return { width, height, pixel };
}

describe('the picture of a ThumbHash', () => {
  it.each([
    [100, 50],
    [50, 100],
    [100, 30],
    [64, 64],
  ])('The picture of %d × %d pixels keeps shape, colours and place', (width, height) => {
    const hash = hashOf(width, height, (x, y) =>
      x < 0.5 ? (y < 0.5 ? [255, 0, 0] : [0, 255, 0]) : [0, 0, 255],
    );
    const picture = read(thumbHashUrl(hash));
    expect(Math.max(picture.width, picture.height)).toBe(8);
    // The format itself rounds the shape.
    const stretched = picture.width / picture.height / (width / height);
    expect(Math.max(stretched, 1 / stretched)).toBeLessThan(1.3);
    const [right, bottom] = [picture.width - 1, picture.height - 1];
    const strongest = (x: number, y: number) => {
      const colours = picture.pixel(x, y);
      return colours.indexOf(Math.max(...colours));
    };
    expect([strongest(0, 0), strongest(0, bottom), strongest(right, 0), strongest(right, bottom)]).toEqual([
      0, 1, 2, 2,
    ]);
  });

  it('The picture of one colour has that colour everywhere', () => {
    const { width, height, pixel } = read(thumbHashUrl(hashOf(30, 20, () => [200, 100, 40])));
    const all = Array.from({ length: width * height }, (_, n) => pixel(n % width, Math.floor(n / width)));
    for (const [red, green, blue] of all) {
      for (const [is, was] of [
        [red, 200],
        [green, 100],
        [blue, 40],
      ])
        expect(Math.abs(is! - was!)).toBeLessThan(12);
    }
  });

  it.each(['', 'x', 'AAAA', '<script>', Buffer.alloc(26, 7).toString('base64')])(
    'What is no ThumbHash has no picture: %j',
    (text) => {
      expect(thumbHashUrl(text)).toBeUndefined();
    },
  );

  it('Any bytes of the right length have a picture or none, and never more than a page can bear', () => {
    for (let n = 0; n < 300; n++) {
      const bytes = Buffer.from(Array.from({ length: 8 + (n % 18) }, (_, k) => (n * 151 + k * k * 67) % 256));
      expect((thumbHashUrl(bytes.toString('base64')) ?? '').length).toBeLessThan(400);
    }
  });
});
