import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const deflateAsync = promisify(deflate);
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const RGBA_8_BIT = [8, 6, 0, 0, 0];

/** How rows are filtered before they are compressed, by the number in the file. */
const FILTERS = { none: 0, up: 2 } as const;

/** A filter for all rows, and zlib's level: 0 stores. */
export interface PngForm {
  readonly filter: keyof typeof FILTERS;
  readonly level: number;
}

/** As Chromium's canvas compresses. */
const CANVAS: PngForm = { filter: 'up', level: 1 };

/**
 * Encodes straight-alpha RGBA as a browser's canvas does: 8-bit RGBA, every row filtered by the one above, compressed
 * for speed (seen in the PNGs of Chromium's `toBlob`). The cost of decoding depends on the filter. sharp picks another filter for each row,
 * which would make tapes slower to read than real ones.
 */
export async function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  { filter, level }: PngForm = CANVAS,
): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(RGBA_8_BIT, 8);
  const data = await deflateAsync(filterRows(pixels, width * 4, height, filter), { level });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function filterRows(pixels: Uint8Array, stride: number, height: number, filter: PngForm['filter']): Buffer {
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const row = y * (stride + 1);
    const here = y * stride;
    rows[row] = FILTERS[filter];
    for (let x = 0; x < stride; x++) {
      const above = y === 0 || filter === 'none' ? 0 : pixels[here + x - stride]!;
      rows[row + 1 + x] = pixels[here + x]! - above;
    }
  }
  return rows;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(data.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}
