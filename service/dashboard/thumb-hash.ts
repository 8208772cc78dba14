/** The picture of a ThumbHash, which a page shows until the thumbnail has come. */
import { thumbHashToRGBA } from 'thumbhash';

/** Pixels of the longer side. The browser enlarges it smoothly; a ThumbHash has no finer detail. */
const SIDE = 8;
/** How many pictures are kept. A page has fewer, and is rendered every second. */
const KEPT = 128;
const BYTES = { header: 54, pixel: 3 } as const;

const kept = new Map<string, string>();

/** The URL `data:` of a small bitmap for a ThumbHash in Base64; undefined for text that is none. */
export function thumbHashUrl(thumbHash: string): string | undefined {
  const known = kept.get(thumbHash);
  if (known !== undefined) return known;
  const picture = decode(Buffer.from(thumbHash, 'base64'));
  if (picture === undefined) return undefined;
  const url = `data:image/bmp;base64,${toBitmap(picture).toString('base64')}`;
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(thumbHash, url);
  return url;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Four bytes for each pixel, row by row from the top. */
  readonly rgba: Uint8Array;
}

/** Bytes of a ThumbHash without alpha: at least its header, and a few that describe lightness and colours. */
const LEAST_BYTES = 8;
const MOST_BYTES = 25;

function decode(hash: Uint8Array): Picture | undefined {
  if (hash.length < LEAST_BYTES || hash.length > MOST_BYTES) return undefined;
  const { w, h, rgba } = thumbHashToRGBA(hash);
  const factor = SIDE / Math.max(w, h);
  const [width, height] = [Math.max(1, Math.round(w * factor)), Math.max(1, Math.round(h * factor))];
  return { width, height, rgba: shrink({ width: w, height: h, rgba }, width, height) };
}

/** The mean of the pixels that each smaller one covers. */
function shrink({ width: w, height: h, rgba }: Picture, width: number, height: number): Uint8Array {
  const small = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.floor((x * w) / width), Math.ceil(((x + 1) * w) / width)];
      const [top, bottom] = [Math.floor((y * h) / height), Math.ceil(((y + 1) * h) / height)];
      for (let channel = 0; channel < 4; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) sum += rgba[(row * w + column) * 4 + channel]!;
        }
        small[(y * width + x) * 4 + channel] = Math.round(sum / ((right - left) * (bottom - top)));
      }
    }
  }
  return small;
}

/** A bitmap of 24 bits a pixel, which every browser reads and which needs no compression. Its rows go from the bottom to the top. */
function toBitmap({ width, height, rgba }: Picture): Buffer {
  const stride = Math.ceil((width * BYTES.pixel) / 4) * 4;
  const bitmap = Buffer.alloc(BYTES.header + stride * height);
  bitmap.write('BM', 'latin1');
  bitmap.writeUInt32LE(bitmap.length, 2);
  bitmap.writeUInt32LE(BYTES.header, 10);
  bitmap.writeUInt32LE(40, 14); // bytes of the second header
  bitmap.writeInt32LE(width, 18);
  bitmap.writeInt32LE(height, 22);
  bitmap.writeUInt16LE(1, 26); // planes
  bitmap.writeUInt16LE(8 * BYTES.pixel, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * 4;
      const [red, green, blue] = rgba.subarray(from, from + 3);
      bitmap.set([blue!, green!, red!], BYTES.header + y * stride + x * BYTES.pixel);
    }
  }
  return bitmap;
}
