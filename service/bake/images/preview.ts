import type { PreviewSize } from './messages.ts';
import { sharp } from './sharp.ts';

/** One picture of an animation, scaled and laid on black: a PNG. Scaled one by one: sharp would take joined pages for one tall picture. */
export function makePage(picture: Buffer, { width, height, enlarged }: PreviewSize): Promise<Buffer> {
  return sharp(picture)
    .flatten({ background: 'black' })
    .resize(width, height, { kernel: enlarged ? 'nearest' : 'lanczos3', fit: 'fill' })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Writes pages as a looping GIF or WebP, each shown for its delay in ms. Gives its size in bytes. */
export async function makeAnimation(
  kind: 'gif' | 'webp',
  pages: readonly Buffer[],
  delays: readonly number[],
  output: string,
): Promise<number> {
  // A single page is a still picture to sharp, which is right too: nothing in it moves.
  const animation = pages.length === 1 ? sharp(pages[0]!) : sharp([...pages], { join: { animated: true } });
  const timing = { delay: [...delays], loop: 0 };
  const encoded =
    kind === 'gif'
      ? animation.gif({ ...timing, dither: 0, effort: 3, interPaletteMaxError: 0 })
      : animation.webp({ ...timing, quality: 80, effort: 2 });
  return (await encoded.toFile(output)).size;
}
