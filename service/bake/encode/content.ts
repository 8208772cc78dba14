import { type Pixels, readPixels } from '../frames/pixels.ts';

/** Kinds of pictures that need different settings of the encoder. */
export type Content = 'flat' | 'busy' | 'smooth' | 'noise';

/** A picture of the tape, and the one before it. */
export interface PicturePair {
  readonly before: Pixels;
  readonly shown: Pixels;
}

/** The places in a tape, from 0 to 1, at which its content is looked at. */
const LOOKS_AT = [1 / 3, 2 / 3];
/** Bytes that are decoded of a picture at most: all of one of 480 × 320. */
const LOOKS_AT_BYTES = 640 * 1024;

/** Reads the pictures by which the content of a tape is told. `read` gives one by its number, as an ordinary PNG. */
export async function readPairs(
  pictures: number,
  read: (picture: number) => Promise<Buffer>,
): Promise<PicturePair[]> {
  const pixelsOf = async (picture: number) => readPixels(await read(picture), LOOKS_AT_BYTES);
  const pairs = LOOKS_AT.map(async (at) => {
    const picture = Math.floor(pictures * at);
    const [before, shown] = await Promise.all([pixelsOf(Math.max(0, picture - 1)), pixelsOf(picture)]);
    return { before, shown };
  });
  return await Promise.all(pairs);
}

/** Pixels of a side of a block. */
const BLOCK = 8;
/** Blocks that are looked at along each side of a picture. */
const BLOCKS_ALONG = 16;
/** The largest difference of a channel between neighbours in a gradient. */
const SOFT_DIFFERENCE = 16;
/** The largest difference of a channel at which two pixels count as the same. */
const SAME_DIFFERENCE = 6;
/** Pixels by which a block is searched for in the picture before, in each direction. */
const SEARCH = 16;

/** The mean difference of a block's pixels from what their neighbours let expect, from which on the block is rough. */
const ROUGH_DIFFERENCE = 16;

/** The share of blocks in gradients from which on pictures are smooth, where this share of blocks changes. A soft drawing hardly does. */
const SMOOTH_FROM = 0.3;
const CHANGED_FROM = 0.2;
/** The share of new blocks from which on a drawing is busy. */
const BUSY_FROM = 0.045;
/** The share of new blocks from which on pictures are noise where the blocks are rough, and smooth as film is where they are not. */
const NEW_FROM = 0.5;

/**
 * The content of a tape by some of its pictures. Only pixels count, since the bytes of PNGs tell who compressed them. In blocks spread
 * over each picture, neighbouring pixels differ a little, as in gradients, or much; and the picture before holds a block, perhaps
 * elsewhere, or does not. Pure.
 */
export function contentOf(pairs: readonly PicturePair[]): Content {
  const blocks = pairs.flatMap(blocksOf);
  const share = (test: (block: BlockFacts) => boolean) => blocks.filter(test).length / blocks.length;
  if (share(({ isNew, rough }) => isNew && rough) >= NEW_FROM) return 'noise';
  const isNew = share((block) => block.isNew);
  if (isNew >= NEW_FROM) return 'smooth';
  const gradients =
    share(({ soft }) => soft) >= SMOOTH_FROM && share(({ changed }) => changed) >= CHANGED_FROM;
  if (gradients) return 'smooth';
  return isNew >= BUSY_FROM ? 'busy' : 'flat';
}

interface BlockFacts {
  /** Whether most pixels differ from a neighbour, but only a little. */
  readonly soft: boolean;
  /** Whether the picture before has another block at the same place. */
  readonly changed: boolean;
  /** Whether nothing in the block follows from its neighbours. */
  readonly rough: boolean;
  /** Whether most pixels differ much from a neighbour, and the picture before holds no block like it nearby. */
  readonly isNew: boolean;
}

/** Facts of blocks spread evenly over a picture. */
function blocksOf({ before, shown }: PicturePair): BlockFacts[] {
  const rows = Math.min(before.height, shown.height);
  return placesIn(rows).flatMap((top) =>
    placesIn(shown.width).map((left) => {
      const { soft, hard, rough } = differences(shown, rows, left, top);
      const changed = !equalBlocks(before, left, top, shown, rows, left, top, 0);
      return { soft, changed, rough, isNew: hard && !holds(before, shown, rows, left, top) };
    }),
  );
}

/** Where blocks begin along a side of so many pixels. Where there is room, none is at the edge: what scrolls is always new there. */
function placesIn(side: number): number[] {
  const margin = side >= 4 * BLOCK ? BLOCK : 0;
  const room = Math.max(0, side - BLOCK - 2 * margin);
  const count = Math.min(BLOCKS_ALONG, Math.ceil(side / BLOCK));
  return Array.from({ length: count }, (_, n) => margin + Math.floor((n * room) / Math.max(1, count - 1)));
}

/** Compares each pixel of a block with those to the left and above. */
function differences({ width, channels, data }: Pixels, rows: number, left: number, top: number) {
  const [right, bottom] = [Math.min(width, left + BLOCK), Math.min(rows, top + BLOCK)];
  const rowBytes = width * channels;
  let [soft, hard, unexpected] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = y * rowBytes + x * channels;
      const toLeft = x === 0 ? 0 : difference(data, at, data, at - channels);
      const toAbove = y === 0 ? 0 : difference(data, at, data, at - rowBytes);
      const most = Math.max(toLeft, toAbove);
      if (most > SOFT_DIFFERENCE) hard++;
      else if (most > 0) soft++;
      if (x > 0 && y > 0) {
        const corner = at - rowBytes - channels;
        // Green alone: it has most of the brightness.
        unexpected += Math.abs(
          data[at + 1]! - data[at - channels + 1]! - data[at - rowBytes + 1]! + data[corner + 1]!,
        );
      }
    }
  }
  const pixels = (right - left) * (bottom - top);
  return { soft: soft > pixels / 2, hard: hard > pixels / 2, rough: unexpected / pixels > ROUGH_DIFFERENCE };
}

/** Whether the picture before holds a block, within SEARCH pixels of its place. */
function holds(before: Pixels, shown: Pixels, rows: number, left: number, top: number): boolean {
  const [width, height] = [Math.min(BLOCK, shown.width), Math.min(BLOCK, rows)];
  const clamp = (place: number, side: number, length: number) => Math.max(0, Math.min(place, side - length));
  const [fromX, toX] = [clamp(left - SEARCH, shown.width, width), clamp(left + SEARCH, shown.width, width)];
  const [fromY, toY] = [clamp(top - SEARCH, rows, height), clamp(top + SEARCH, rows, height)];
  const equalsAt = (x: number, y: number) =>
    equalBlocks(before, x, y, shown, rows, left, top, SAME_DIFFERENCE);
  if (equalsAt(left, top)) return true;
  for (let y = fromY; y <= toY; y++) {
    for (let x = fromX; x <= toX; x++) if (equalsAt(x, y)) return true;
  }
  return false;
}

/** Whether the block of `before` at (x, y) differs by at most `most` from that of `shown` at (left, top). */
function equalBlocks(
  before: Pixels,
  x: number,
  y: number,
  shown: Pixels,
  rows: number,
  left: number,
  top: number,
  most: number,
): boolean {
  const [width, height] = [Math.min(BLOCK, shown.width), Math.min(BLOCK, rows)];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = ((y + row) * before.width + x + column) * before.channels;
      const to = ((top + row) * shown.width + left + column) * shown.channels;
      if (difference(before.data, from, shown.data, to) > most) return false;
    }
  }
  return true;
}

/** The largest difference of red, green or blue between two pixels. */
function difference(a: Uint8Array, at: number, b: Uint8Array, bAt: number): number {
  return Math.max(
    Math.abs(a[at]! - b[bAt]!),
    Math.abs(a[at + 1]! - b[bAt + 1]!),
    Math.abs(a[at + 2]! - b[bAt + 2]!),
  );
}
