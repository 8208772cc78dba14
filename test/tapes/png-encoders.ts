import sharp from 'sharp';
import { launchChromium } from './chromium.ts';
import { encodePng } from './png.ts';

/** Encodes straight-alpha RGBA as a PNG. */
export type EncodePng = (pixels: Uint8Array, width: number, height: number) => Promise<Buffer>;

/**
 * Who compresses the pictures of a made tape. `canvas` imitates the browser (png.ts), and needs no other program. `chromium` is the
 * browser itself, whose canvas drops the colours of transparent pixels. `adaptive` chooses a filter for each row, as most programs for
 * images do. `stored` neither filters nor compresses.
 */
export const PNG_ENCODERS = ['canvas', 'chromium', 'adaptive', 'stored'] as const;
export type PngEncoder = (typeof PNG_ENCODERS)[number];

/** An encoder that is to be closed after its last picture. */
export interface OpenEncoder {
  readonly encode: EncodePng;
  readonly close: () => Promise<void>;
}

/** Opens an encoder. Rejects where it needs a browser and there is none. */
export async function openPngEncoder(name: PngEncoder): Promise<OpenEncoder> {
  if (name === 'chromium') return openChromium();
  return { encode: IN_PROCESS[name], close: async () => {} };
}

const IN_PROCESS: Readonly<Record<Exclude<PngEncoder, 'chromium'>, EncodePng>> = {
  canvas: encodePng,
  adaptive: (pixels, width, height) =>
    sharp(pixels, { raw: { width, height, channels: 4 } })
      .png({ adaptiveFiltering: true, compressionLevel: 6 })
      .toBuffer(),
  stored: (pixels, width, height) => encodePng(pixels, width, height, { filter: 'none', level: 0 }),
};

/** Runs in the browser: draws the picture of a data URL, encodes it by the canvas, and gives the PNG in base64. */
const ENCODE_IN_PAGE = `async (url) => {
  const image = Object.assign(new Image(), { src: url });
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}`;

async function openChromium(): Promise<OpenEncoder> {
  const browser = await launchChromium();
  const page = await (await browser.newContext({ offline: true })).newPage();
  return {
    encode: async (pixels, width, height) => {
      // The pixels travel as a PNG of ours, which is shorter than they are.
      const png = await encodePng(pixels, width, height);
      const url = `data:image/png;base64,${png.toString('base64')}`;
      return Buffer.from(await page.evaluate<string>(`(${ENCODE_IN_PAGE})('${url}')`), 'base64');
    },
    close: () => browser.close(),
  };
}
