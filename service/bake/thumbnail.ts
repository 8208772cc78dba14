import { writeFile } from 'node:fs/promises';
import type sharp from 'sharp';
import type { OutputInfo, Sharp } from 'sharp';
import { frameCorrupt } from './errors.ts';
import { diskFull } from './workspace.ts';

/** Pixels of the thumbnail's longer side. */
export const THUMBNAIL_SIDE = 512;
const QUALITY = 90;

/**
 * Writes `picture`, a PNG, as a JPEG that just fits into `side` × `side` pixels. It is enlarged by a whole
 * factor with hard edges, and what is too much then taken back smoothly, so that pixels look alike at any size. Gives
 * its size. Throws FRAME_CORRUPT and DISK_FULL.
 */
export async function makeThumbnail(
  picture: Buffer,
  frame: { readonly width: number; readonly height: number },
  output: string,
  side = THUMBNAIL_SIDE,
): Promise<{ width: number; height: number; bytes: number }> {
  const longer = Math.max(frame.width, frame.height);
  const factor = Math.ceil(side / longer);
  const image = (await loadSharp())(picture).flatten({ background: 'black' });
  let made: { data: Buffer; info: OutputInfo };
  try {
    // Two steps need two pipelines: sharp keeps only the last resize of one.
    const enlarged = factor > 1 ? await enlarge(image, frame, factor) : image;
    const fitted = longer * factor === side ? enlarged : enlarged.resize(side, side, { fit: 'inside' });
    made = await fitted
      .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true });
  } catch (cause) {
    throw frameCorrupt(cause);
  }
  // Written here and not by sharp, whose errors don't say whether the frame or the disk is to blame.
  await writeFile(output, made.data).catch((cause) => {
    throw diskFull(cause) ?? cause;
  });
  const { width, height } = made.info;
  return { width, height, bytes: made.data.length };
}

async function enlarge(
  image: Sharp,
  frame: { width: number; height: number },
  factor: number,
): Promise<Sharp> {
  const { data, info } = await image
    .resize(frame.width * factor, frame.height * factor, { kernel: 'nearest' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return (await loadSharp())(data, {
    raw: { width: info.width, height: info.height, channels: info.channels },
  });
}

/** Loaded when it is first needed, beside the encoder: it takes tens of milliseconds. Its cache would only hold memory. */
export async function loadSharp(): Promise<typeof sharp> {
  const { default: library } = await import('sharp');
  library.cache(false);
  library.concurrency(1);
  return library;
}
