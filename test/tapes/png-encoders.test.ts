import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { createCanvas } from './canvas.ts';
import { findChromium } from './chromium.ts';
import { openPngEncoder, PNG_ENCODERS, type PngEncoder } from './png-encoders.ts';
import { seeded } from './random.ts';
import { scenes } from './scenes.ts';

const WIDTH = 61;
const HEIGHT = 47;

/** A picture with gradients, in which an adaptive encoder finds work for several filters. */
function picture(): Buffer {
  const canvas = createCanvas(WIDTH, HEIGHT);
  scenes.plot(WIDTH, HEIGHT, seeded(1))(canvas, 0.5);
  return Buffer.from(canvas.pixels);
}

/** The filters of all rows, each once, and the compressed bytes. */
function inside(png: Buffer): { filters: number[]; bytes: number } {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) !== 'IDAT') continue;
    parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const stride = rows.length / HEIGHT;
  const filters = Array.from({ length: HEIGHT }, (_, y) => rows[y * stride]!);
  return { filters: [...new Set(filters)].sort(), bytes: Buffer.concat(parts).length };
}

async function encodeBy(name: PngEncoder, pixels: Buffer): Promise<Buffer> {
  const { encode, close } = await openPngEncoder(name);
  return encode(pixels, WIDTH, HEIGHT).finally(close);
}

describe('each encoder of PNG', () => {
  it.each(PNG_ENCODERS.filter((name) => name !== 'chromium' || findChromium()))(
    '%s keeps every pixel, and filters in its own way',
    async (name) => {
      const pixels = picture();
      const png = await encodeBy(name, pixels);
      expect(PNG.sync.read(png).data.equals(pixels)).toBe(true);
      const { filters, bytes } = inside(png);
      expect(bytes > pixels.length).toBe(name === 'stored');
      if (name === 'stored') expect(filters).toEqual([0]);
      else if (name === 'adaptive') expect(filters.length).toBeGreaterThan(1);
      // A browser filters the first row, which has none above it, in another way.
      else expect(filters).toContain(2);
    },
  );
});
