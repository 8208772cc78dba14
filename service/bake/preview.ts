import { join } from 'node:path';
import type { PreviewFrame } from './plan/preview.ts';
import { loadSharp } from './thumbnail.ts';
import { pictureName } from './unpack.ts';

/** Writes a short looping animation of the pictures in `folder`, as GIF or WebP. Gives its size in bytes. */
export async function makePreview(
  kind: 'gif' | 'webp',
  folder: string,
  frames: readonly PreviewFrame[],
  { width, height, enlarged }: { width: number; height: number; enlarged: boolean },
  output: string,
): Promise<number> {
  const sharp = await loadSharp();
  const files = frames.map(({ picture }) => join(folder, pictureName(picture)));
  const timing = { delay: frames.map(({ delay }) => delay), loop: 0 };
  // One file is a still picture to sharp, which is right too: nothing in it moves.
  const pages = files.length === 1 ? sharp(files[0]!) : sharp(files, { join: { animated: true } });
  const scaled = pages
    .flatten({ background: 'black' })
    .resize(width, height, { kernel: enlarged ? 'nearest' : 'lanczos3', fit: 'fill' });
  const encoded =
    kind === 'gif'
      ? scaled.gif({ ...timing, dither: 0, effort: 3 })
      : scaled.webp({ ...timing, quality: 80, effort: 2 });
  const { size } = await encoded.toFile(output);
  return size;
}
