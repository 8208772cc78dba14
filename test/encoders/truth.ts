import { readFile } from 'node:fs/promises';
import JSZip from 'jszip';
import { PNG } from 'pngjs';

/** The contents of a tape, read by other means than Oven's. */
export interface Truth {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** Frame `n` as RGB of 3 bytes a pixel, its alpha laid on black. */
  frame(n: number): Buffer;
}

/** Reads the tape in the file `path`. Frames are in the order of the numbers in their names, in any folder of the ZIP. */
export async function readTruth(path: string): Promise<Truth> {
  const zip = await JSZip.loadAsync(await readFile(path));
  const entries = Object.values(zip.files)
    .filter(({ dir, name }) => !dir && !name.includes('__MACOSX'))
    .map((entry) => ({ entry, name: entry.name.split(/[/\\]/).at(-1)!.toLowerCase() }))
    .filter(({ name }) => !name.startsWith('._'));
  const numberOf = (name: string) => Number(/^frame\D*(\d+(?:\.\d+)?)\.png$/.exec(name)?.[1] ?? Number.NaN);
  const frames = entries
    .filter(({ name }) => !Number.isNaN(numberOf(name)))
    .toSorted((a, b) => numberOf(a.name) - numberOf(b.name));
  const pngs = await Promise.all(frames.map(({ entry }) => entry.async('nodebuffer')));
  const { width, height } = sizeOf(pngs[0]!);
  return { width, height, frames: pngs.length, frame: (n) => onBlack(pngs[n]!) };
}

function sizeOf(png: Buffer): { width: number; height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

function onBlack(png: Buffer): Buffer {
  const { data } = PNG.sync.read(essential(png));
  const rgb = Buffer.alloc((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3]!;
    for (let n = 0; n < 3; n += 1) rgb[to + n] = Math.round((data[from + n]! * alpha) / 255);
  }
  return rgb;
}

/** The chunks that make the pixels. All others, broken or not, do not change them. */
function essential(png: Buffer): Buffer {
  const parts = [png.subarray(0, 8)];
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    if (['IHDR', 'PLTE', 'tRNS', 'IDAT'].includes(type)) parts.push(png.subarray(at, end));
    if (type === 'IEND') break;
    at = end;
  }
  return Buffer.concat([...parts, Buffer.from('0000000049454e44ae426082', 'hex')]);
}
