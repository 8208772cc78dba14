import { promisify } from 'node:util';
import { deflate, inflate, constants as zlib } from 'node:zlib';
import type { Colour, PngHeader } from '../open/png.ts';
import { chunk, PngFault, type PngParts, writePng } from './chunks.ts';

const inflateAsync = promisify(inflate);
const deflateAsync = promisify(deflate);

const SAMPLES: Readonly<Record<Colour, number>> = { grey: 1, rgb: 3, palette: 1, 'grey-alpha': 2, rgba: 4 };
/** The passes of an interlaced picture: first column and row, and the steps between them. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
/** The kinds of filter a row may name. */
const FILTERS = 5;
/** Bytes beyond the picture that an encoder may have packed with it: they do no harm, but a bomb would. */
const SURPLUS = 1024 * 1024;

/** Rows of the filtered picture, in their order: how many, each of how many bytes with the one that names its filter. */
interface Rows {
  readonly count: number;
  readonly bytes: number;
}

/** What a picture's data unpacks to. Pure. */
export function rowsOf({ width, height, depth, colour, interlaced }: PngHeader): Rows[] {
  const passes = interlaced ? PASSES : ([[0, 0, 1, 1]] as const);
  return passes.flatMap(([left, top, stepX, stepY]) => {
    const [columns, count] = [Math.ceil((width - left) / stepX), Math.ceil((height - top) / stepY)];
    if (columns <= 0 || count <= 0) return [];
    return { count, bytes: 1 + Math.ceil((columns * SAMPLES[colour] * depth) / 8) };
  });
}

/** Bytes of all rows of a picture. Pure. */
export function unpackedBytes(header: PngHeader): number {
  return rowsOf(header).reduce((sum, { count, bytes }) => sum + count * bytes, 0);
}

/**
 * Unpacks a picture's filtered rows, every one of which must be there, name a filter that there is, and agree with the
 * checksum, if there is one. Throws PngFault.
 */
export async function unpackRows({ header, data }: PngParts): Promise<Buffer> {
  const needed = unpackedBytes(header);
  const unpacked = await inflateAsync(bodiesOf(data), {
    maxOutputLength: needed + SURPLUS,
    chunkSize: Math.max(64, needed + 1),
    // Without it, a stream that lacks only its checksum would be refused.
    finishFlush: zlib.Z_SYNC_FLUSH,
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'Z_MEM_ERROR') throw cause;
    throw new PngFault('is damaged: its pixels can not be unpacked', { cause });
  });
  if (unpacked.length < needed) throw new PngFault('lacks some of its pixels');
  let at = 0;
  for (const { count, bytes } of rowsOf(header)) {
    for (let row = 0; row < count; row++, at += bytes) {
      if (unpacked[at]! >= FILTERS) throw new PngFault('is damaged: a row has a filter that there is not');
    }
  }
  return unpacked.subarray(0, needed);
}

/** The same picture, packed anew without compression: what was only odd about its data is gone. Throws PngFault. */
export async function repack(parts: PngParts): Promise<Buffer> {
  const data = await deflateAsync(await unpackRows(parts), { level: 0 });
  return writePng({ ...parts, data: chunk('IDAT', data) });
}

/** What the IDAT chunks hold, one after the other. */
function bodiesOf(data: Buffer): Buffer {
  const bodies: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt32BE(at);
    bodies.push(data.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return bodies.length === 1 ? bodies[0]! : Buffer.concat(bodies);
}
