import type { OutputInfo, Sharp } from 'sharp';
import sharp from 'sharp';
import { PngFault, readPng, repack } from '../frames/png.ts';
import type { ImageFault, ImageRequest, ImageResponses, PreviewSize, Reply, Size } from './messages.ts';

let pages: Buffer[] = [];

/** The reply to a question; whatever goes wrong is a reply, too. */
export async function handleImageRequest(question: ImageRequest): Promise<Reply> {
  try {
    return { kind: 'answer', handleImageRequest: await work(question) };
  } catch (error) {
    return { kind: 'fault', blame: blame(error), message: String(error) };
  }
}

async function work(question: ImageRequest): Promise<ImageResponses[keyof ImageResponses]> {
  switch (question.ask) {
    case 'convert':
      return convert(await readable(question.png));
    case 'thumbnail':
      return makeThumbnail(await readable(question.png), question.frame, question.side);
    case 'page':
      pages.push(await makePage(await readable(question.png), question.size));
      return null;
    case 'animation': {
      const all = pages;
      pages = [];
      return makeAnimation(question.kind, all, question.delays, question.output);
    }
  }
}

/** libpng and Oven judge by one measure what is damaged: all that reaches the former was unpacked and packed anew. */
async function readable(png: Buffer): Promise<Buffer> {
  return repack(readPng(Buffer.from(png.buffer, png.byteOffset, png.byteLength)));
}

/** sharp's errors have no codes, only libvips' words. */
function blame(error: unknown): ImageFault {
  if (error instanceof PngFault) return 'picture';
  const words = String(error);
  if (words.includes('No space left on device')) return 'disk';
  if (/out of memory|unable to allocate|Cannot allocate/i.test(words)) return 'memory';
  return /pngload|vipspng/.test(words) ? 'picture' : 'oven';
}

/**
 * Any PNG that has only what makes its pixels as an ordinary one: 8-bit RGBA. 16 bits are cut to 8; samples are taken for
 * sRGB.
 */
export function convert(png: Buffer): Promise<Buffer> {
  return sharp(png, { failOn: 'error' })
    .toColourspace('srgb')
    .ensureAlpha()
    .png({ compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
}

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

const QUALITY = 90;

/**
 * `picture`, a PNG, as a JPEG that just fits into `side` × `side` pixels, on black. It is enlarged by a whole factor with hard
 * edges, and what is too much then taken back smoothly, so that pixels look alike at any size.
 */
export async function makeThumbnail(
  picture: Buffer,
  frame: Size,
  side: number,
): Promise<Size & { jpeg: Buffer }> {
  const longer = Math.max(frame.width, frame.height);
  const factor = Math.ceil(side / longer);
  const image = sharp(picture).flatten({ background: 'black' });
  // Two steps need two pipelines: sharp keeps only the last resize of one.
  const enlarged = factor > 1 ? await enlarge(image, frame, factor) : image;
  const fitted = longer * factor === side ? enlarged : enlarged.resize(side, side, { fit: 'inside' });
  const { data, info }: { data: Buffer; info: OutputInfo } = await fitted
    .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, jpeg: data };
}

async function enlarge(image: Sharp, { width, height }: Size, factor: number): Promise<Sharp> {
  const { data, info } = await image
    .resize(width * factor, height * factor, { kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}

// Its cache would only hold memory, and the encoder works beside it.
sharp.cache(false);
sharp.concurrency(1);
