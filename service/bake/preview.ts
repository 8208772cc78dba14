import type { PreviewFrame } from './plan/preview.ts';
import { loadSharp } from './thumbnail.ts';

/** Pixels of a preview, and whether they are at least the tape's own: then its pixels stay hard-edged. */
export interface PreviewSize {
  readonly width: number;
  readonly height: number;
  readonly enlarged: boolean;
}

/** Writes a short looping animation of some pictures, as GIF or WebP; `read` gives the PNG of each. Gives its size in bytes. */
export async function makePreview(
  kind: 'gif' | 'webp',
  read: (picture: number) => Promise<Buffer>,
  frames: readonly PreviewFrame[],
  { width, height, enlarged }: PreviewSize,
  output: string,
  signal: AbortSignal,
): Promise<number> {
  const sharp = await loadSharp();
  const pages: Buffer[] = [];
  for (const { picture } of frames) {
    signal.throwIfAborted();
    // Scaled one by one: sharp would take joined pages for one tall picture.
    const page = sharp(await read(picture))
      .flatten({ background: 'black' })
      .resize(width, height, { kernel: enlarged ? 'nearest' : 'lanczos3', fit: 'fill' });
    pages.push(await page.png({ compressionLevel: 1 }).toBuffer());
  }
  // A single page is a still picture to sharp, which is right too: nothing in it moves.
  const animation = pages.length === 1 ? sharp(pages[0]!) : sharp(pages, { join: { animated: true } });
  const timing = { delay: frames.map(({ delay }) => delay), loop: 0 };
  const encoded =
    kind === 'gif'
      ? animation.gif({ ...timing, dither: 0, effort: 3 })
      : animation.webp({ ...timing, quality: 80, effort: 2 });
  return (await encoded.toFile(output)).size;
}
