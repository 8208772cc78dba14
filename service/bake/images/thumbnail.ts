import type { OutputInfo, Sharp } from 'sharp';
import type { Size } from './messages.ts';
import { sharp } from './sharp.ts';

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
