import { PNG } from 'pngjs';

/** A PNG by pngjs, a decoder that Oven does not use: RGB of 8 bits, laid on black. */
export function decodePng(bytes: Buffer): { width: number; height: number; pixels: Buffer } {
  const { width, height, data } = PNG.sync.read(bytes);
  const pixels = Buffer.alloc(width * height * 3);
  for (let n = 0; n < width * height; n++) {
    for (let c = 0; c < 3; c++) pixels[n * 3 + c] = Math.round((data[n * 4 + c]! * data[n * 4 + 3]!) / 255);
  }
  return { width, height, pixels };
}

/** The likeness of pictures of 8 bits a channel, in dB (PSNR); Infinity where they are equal. */
export function likeness(a: Buffer, b: Buffer): number {
  if (a.length !== b.length) throw new Error(`${a.length} samples and ${b.length} can't be compared`);
  const squares = a.reduce((sum, value, n) => sum + (value - b[n]!) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

/** The largest difference of two values. */
export function farthest(a: Buffer, b: Buffer): number {
  return a.reduce((most, value, n) => Math.max(most, Math.abs(value - b[n]!)), 0);
}
