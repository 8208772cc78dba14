import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { rgbaToThumbHash } from 'thumbhash';
import { PngFault, readPng, repack } from '../frames/png.ts';
import type { AnimationCodec, StillCodec } from '../outputs.ts';
import type { ImageFault, ImageReply, ImageRequest, ImageResponses, PageSize, Size } from './process.ts';

/*
 * The image process: replies to one request after the other over Node's channel to its parent, and ends with the parent.
 */

/** Bytes of memory at which it gives up, so that the machine's other bakes keep theirs. */
const MAX_MEMORY_BYTES = Number(process.argv[2]);
const CHECK_EVERY_MS = 50;

process.on('message', async (request: ImageRequest) => reply(await handleRequest(request)));
// The parent has ended. Node would wait for work that has begun.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
setInterval(() => {
  if (process.memoryUsage.rss() <= MAX_MEMORY_BYTES) return;
  reply({ kind: 'fault', fault: 'memory', message: 'It needed too much memory.' });
}, CHECK_EVERY_MS).unref();

// The cache of sharp would only hold memory, and the encoder works beside it.
sharp.cache(false);
sharp.concurrency(1);
// It reads PNGs, whatever the bytes say, and the stills that it has made.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['Png', 'Jpeg', 'Webp'].map((format) => `VipsForeignLoad${format}`) });

function reply(message: ImageReply): void {
  process.send!(message);
}

/** The reply to a request. Every failure becomes a reply too. */
async function handleRequest(request: ImageRequest): Promise<ImageReply> {
  try {
    return { kind: 'response', response: await respond(request) };
  } catch (error) {
    return { kind: 'fault', fault: faultOf(error), message: String(error) };
  }
}

async function respond(request: ImageRequest): Promise<ImageResponses[keyof ImageResponses]> {
  switch (request.ask) {
    case 'convert':
      return convert(await readable(request.png));
    case 'still':
      return writeStill(
        await readable(request.png),
        request.frame,
        request.side,
        request.codec,
        request.output,
      );
    case 'page':
      await writePage(await readable(request.png), request.size, request.output);
      return null;
    case 'animation':
      return writeAnimation(request.codec, request.pages, request.delays, request.output);
  }
}

/** Unpacks a PNG and packs it anew before libpng sees it, so that `frames/png.ts` alone decides what is damaged. */
async function readable(png: Buffer): Promise<Buffer> {
  return repack(readPng(Buffer.from(png.buffer, png.byteOffset, png.byteLength)));
}

/** Errors of sharp have no codes, only the words of libvips. */
function faultOf(error: unknown): ImageFault {
  if (error instanceof PngFault) return 'picture';
  const words = String(error);
  if (words.includes('No space left on device')) return 'disk';
  if (/Read-only file system|No such file|Permission denied|Input\/output error/.test(words)) return 'folder';
  if (/out of memory|unable to allocate|Cannot allocate/i.test(words)) return 'memory';
  return /pngload|vipspng/.test(words) ? 'picture' : 'bug';
}

/** Any PNG as an ordinary one, 8-bit RGBA. 16 bits are cut to 8, and samples are taken as sRGB. */
function convert(png: Buffer): Promise<Buffer> {
  return sharp(png, { failOn: 'error' })
    .toColourspace('srgb')
    .ensureAlpha()
    .png({ compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
}

/**
 * Writes one page of an animation, scaled and laid on black, as a PNG. Pages are scaled one by one, since sharp takes joined pages as one
 * tall picture.
 */
async function writePage(
  picture: Buffer,
  { width, height, enlarged }: PageSize,
  output: string,
): Promise<void> {
  await sharp(picture)
    .flatten({ background: 'black' })
    .resize(width, height, { kernel: enlarged ? 'nearest' : 'lanczos3', fit: 'fill' })
    .png({ compressionLevel: 1 })
    .toFile(output);
}

/** Writes the pages in these files as a looping animation, each shown for its delay in ms. Gives the bytes of the animation. */
async function writeAnimation(
  { format, options }: AnimationCodec,
  pages: readonly string[],
  delays: readonly number[],
  output: string,
): Promise<number> {
  // sharp writes a single page as a still picture, which is right: nothing in it moves.
  const animation = pages.length === 1 ? sharp(pages[0]!) : sharp([...pages], { join: { animated: true } });
  const encoded = animation.toFormat(format, { ...options, delay: [...delays], loop: 0 });
  return (await encoded.toFile(output)).size;
}

/** Pixels of a JPEG's longer side up to which its code is optimised. libjpeg holds the whole picture for that: 190 MiB for 4,096, to save 6 %. */
const OPTIMISED_SIDE = 2048;

/**
 * Writes `picture`, a PNG, as an image that just fits into `side` × `side` pixels, on black. It is enlarged by a whole factor with hard
 * edges and then reduced smoothly, so that all pixels look alike at any size.
 */
async function writeStill(
  picture: Buffer,
  frame: Size,
  side: number,
  { format, options }: StillCodec,
  output: string,
): Promise<ImageResponses['still']> {
  const longer = Math.max(frame.width, frame.height);
  const factor = Math.ceil(side / longer);
  const image = sharp(picture).flatten({ background: 'black' });
  // Two steps need two pipelines: sharp keeps only the last resize of one.
  const enlarged = factor > 1 ? await enlarge(image, frame, factor) : image;
  const fitted = longer * factor === side ? enlarged : enlarged.resize(side, side, { fit: 'inside' });
  const settings = format === 'jpeg' ? { ...options, optimiseCoding: side <= OPTIMISED_SIDE } : options;
  const { width, height, size } = await fitted.toFormat(format, settings).toFile(output);
  return { width, height, bytes: size, thumbHash: await thumbHashOf(picture) };
}

/** Pixels of a side that ThumbHash reads at most. */
const THUMB_HASH_SIDE = 100;

/** The ThumbHash of a picture, a PNG, on black, in Base64. */
async function thumbHashOf(picture: Buffer): Promise<string> {
  const { data, info } = await sharp(picture)
    .flatten({ background: 'black' })
    .resize(THUMB_HASH_SIDE, THUMB_HASH_SIDE, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64');
}

async function enlarge(image: Sharp, { width, height }: Size, factor: number): Promise<Sharp> {
  const { data, info } = await image
    .resize(width * factor, height * factor, { kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
}
