import { sharp } from './sharp.ts';

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
