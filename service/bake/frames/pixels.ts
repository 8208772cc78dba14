import { createInflate, inflateSync, constants as zlib } from 'node:zlib';
import { contentsOf, MAX_SURPLUS_BYTES, readPng } from './png.ts';

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
  const bytes = wanted * (rowBytes + 1);
  const whole = wanted === header.height;
  const filtered = whole ? inflateAll(contentsOf(data), bytes) : await inflateStart(contentsOf(data), bytes);
  const height = Math.floor(filtered.length / (rowBytes + 1));
  return { width, height, channels, data: unfilter(filtered, height, rowBytes, channels) };
}

/** Inflates a small picture. It blocks for a millisecond; a thread takes longer to begin. */
function inflateAll(contents: Buffer, bytes: number): Buffer {
  const options = { chunkSize: Math.max(64, bytes + 1), finishFlush: zlib.Z_SYNC_FLUSH };
  return inflateSync(contents, { ...options, maxOutputLength: bytes + MAX_SURPLUS_BYTES }).subarray(0, bytes);
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

/**
 * What each filter of PNG (specification, section 9.2) adds to the bytes of a row, in place: from `at` up to `end`, with the row above
 * `row` bytes before, and the pixel to the left `pixel` bytes before. A loop for each takes a third of the time of one for all.
 */
const UNFILTERS: readonly ((
  data: Uint8Array,
  at: number,
  end: number,
  row: number,
  pixel: number,
) => void)[] = [
  () => {},
  (data, at, end, _, pixel) => {
    for (let n = at + pixel; n < end; n++) data[n]! += data[n - pixel]!;
  },
  (data, at, end, row) => {
    for (let n = at; n < end; n++) data[n]! += data[n - row]!;
  },
  (data, at, end, row, pixel) => {
    for (let n = at; n < at + pixel; n++) data[n]! += data[n - row]! >> 1;
    for (let n = at + pixel; n < end; n++) data[n]! += (data[n - pixel]! + data[n - row]!) >> 1;
  },
  (data, at, end, row, pixel) => {
    for (let n = at; n < at + pixel; n++) data[n]! += data[n - row]!;
    for (let n = at + pixel; n < end; n++) {
      data[n]! += nearest(data[n - pixel]!, data[n - row]!, data[n - row - pixel]!);
    }
  },
];

function nearest(left: number, above: number, corner: number): number {
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Undoes the filters of `rows` rows, before each of which stands the number of its filter. */
function unfilter(filtered: Uint8Array, rows: number, rowBytes: number, pixel: number): Uint8Array {
  // The first row has one of zeros above it.
  const data = new Uint8Array((rows + 1) * rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (rowBytes + 1) + 1;
    const at = (row + 1) * rowBytes;
    data.set(filtered.subarray(from, from + rowBytes), at);
    UNFILTERS[filtered[from - 1]!]?.(data, at, at + rowBytes, rowBytes, pixel);
  }
  return data.subarray(rowBytes);
}
