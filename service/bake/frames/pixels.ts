import { createInflate } from 'node:zlib';
import { contentsOf, readPng } from './png.ts';

/** The upper rows of a picture. */
export interface Pixels {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Bytes of a pixel: red, green, blue, and alpha where there are four. */
  readonly channels: 3 | 4;
  /** Row by row from the top. */
  readonly data: Uint8Array;
}

/**
 * Decodes the upper rows of an ordinary PNG: those that fit into `maxBytes`, and at least one. A damaged picture has fewer rows, or
 * zlib's error is thrown.
 */
export async function readPixels(png: Buffer, maxBytes: number): Promise<Pixels> {
  const { header, data } = readPng(png);
  const { width, colour } = header;
  const channels = colour === 'rgba' ? 4 : 3;
  const rowBytes = width * channels;
  const wanted = Math.min(header.height, Math.max(1, Math.floor(maxBytes / rowBytes)));
  const filtered = await inflateStart(contentsOf(data), wanted * (rowBytes + 1));
  const height = Math.floor(filtered.length / (rowBytes + 1));
  return { width, height, channels, data: unfilter(filtered, height, rowBytes, channels) };
}

/** Inflates up to `bytes` bytes, where there are so many. */
async function inflateStart(contents: Buffer, bytes: number): Promise<Buffer> {
  const inflate = createInflate({ chunkSize: Math.max(64, bytes) });
  inflate.end(contents);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of inflate as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(pieces).subarray(0, bytes);
}

/** What each filter of PNG (specification, section 9.2) adds to a byte, by those to the left, above, and above to the left. */
const PREDICTORS: readonly ((left: number, above: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above) => (left + above) >> 1,
  nearest,
];

function nearest(left: number, above: number, corner: number): number {
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Undoes the filters of `rows` rows, before each of which stands the number of its filter. */
function unfilter(filtered: Uint8Array, rows: number, rowBytes: number, channels: number): Uint8Array {
  const data = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (rowBytes + 1) + 1;
    const predict = PREDICTORS[filtered[from - 1]!] ?? PREDICTORS[0]!;
    const to = row * rowBytes;
    for (let n = 0; n < rowBytes; n++) {
      const left = n < channels ? 0 : data[to + n - channels]!;
      const above = row === 0 ? 0 : data[to + n - rowBytes]!;
      const corner = row === 0 || n < channels ? 0 : data[to + n - rowBytes - channels]!;
      data[to + n] = filtered[from + n]! + predict(left, above, corner);
    }
  }
  return data;
}
