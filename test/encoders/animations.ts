import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import sharp from 'sharp';
import { startsOf } from './judge.ts';
import { psnr } from './pictures.ts';
import type { Truth } from './truth.ts';

/** Seconds of a tape that an animation shows, and those by which its end may be off: it has 25 pictures a second. */
const SHOWN = 6;
const END_TOLERANCE = 0.05;
/** Likeness of the first picture to the first frame, in dB: a GIF has 256 colours, and a WebP one colour for four pixels. */
const LIKENESS = 24;

/** The faults of a GIF or a WebP of a tape, `width` pixels wide, in its times, which are read from its bytes, and in its first picture. */
export async function animationFaults(
  kind: 'gif' | 'webp',
  path: string,
  truth: Truth,
  durations: readonly number[],
  { width, likeness = LIKENESS }: { width: number; likeness?: number },
): Promise<string[]> {
  const bytes = await readFile(path);
  const delays = kind === 'gif' ? gifDelays(bytes) : webpDelays(bytes);
  const seconds = delays.reduce((sum, ms) => sum + ms, 0) / 1000;
  const expected = Math.min(SHOWN, startsOf(durations).at(-1)!);
  // An animation that is smaller than the frames has other pixels, and one of a single picture has no times.
  const db = width < truth.width ? likeness : psnr(await firstPicture(kind, path, truth), truth.frame(0));
  const isTimed = delays.length > 0;
  return [
    ...(isTimed && Math.abs(seconds - expected) > END_TOLERANCE
      ? [`it takes ${seconds} s instead of ${expected}`]
      : []),
    ...(db < likeness ? [`it begins like frame 0 by ${db.toFixed(1)} dB`] : []),
  ];
}

/** The picture, shrunk by nearest neighbour and laid on black: RGB of 3 bytes a pixel. */
async function firstPicture(kind: 'gif' | 'webp', path: string, { width, height }: Truth): Promise<Buffer> {
  if (kind === 'webp') {
    const how = { kernel: 'nearest', fit: 'fill' } as const;
    return sharp(path)
      .flatten({ background: '#000' })
      .resize(width, height, how)
      .removeAlpha()
      .raw()
      .toBuffer();
  }
  const filter = `format=gbrap,premultiply=inplace=1,scale=${width}:${height}:flags=neighbor,format=rgb24`;
  const args = ['-v', 'error', '-i', path, '-vf', filter, '-frames:v', '1', '-f', 'rawvideo', '-'];
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  return Buffer.from(stdout);
}

/** Milliseconds for which each picture of a GIF is shown (GIF89a: graphic control extensions). */
function gifDelays(gif: Buffer): number[] {
  const delays: number[] = [];
  const table = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const skipBlocks = (at: number) => {
    let end = at;
    while (gif[end] !== 0) end += gif[end]! + 1;
    return end + 1;
  };
  for (let at = 13 + table(gif[10]!); at < gif.length && gif[at] !== 0x3b; ) {
    if (gif[at] === 0x21) {
      if (gif[at + 1] === 0xf9) delays.push(gif.readUInt16LE(at + 4) * 10);
      at = skipBlocks(at + 2);
    } else {
      at = skipBlocks(at + 10 + table(gif[at + 9]!) + 1);
    }
  }
  return delays;
}

/** Milliseconds for which each picture of an animated WebP is shown (its ANMF chunks). */
function webpDelays(webp: Buffer): number[] {
  const delays: number[] = [];
  for (let at = 12; at + 8 <= webp.length; ) {
    if (webp.toString('latin1', at, at + 4) === 'ANMF') delays.push(webp.readUIntLE(at + 8 + 12, 3));
    const size = webp.readUInt32LE(at + 4);
    at += 8 + size + (size % 2);
  }
  return delays;
}
