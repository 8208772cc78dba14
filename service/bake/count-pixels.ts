import { planVideo } from './encode/plan-video.ts';
import type { Pictures } from './frames/pictures.ts';
import { planAnimation } from './images/make-images.ts';
import { type Limits, limitError } from './limits.ts';
import { hasForm, OUTPUTS, type OutputRequest, sideLimit } from './outputs.ts';

type Measures = Pick<Pictures, 'width' | 'height' | 'alpha' | 'timeline'>;

/** Repeats of a picture in a video of constant rate that cost as much as one picture: 2.6 ms each, of 18 ms (1080 × 1920, measured). */
const REPEATS_PER_PICTURE = 7;

/** The number and the size of the pictures are the same for every encoding. */
const ANY_ENCODING = { content: 'flat', encoders: 1 } as const;

/** Throws TAPE_TOO_MANY_PIXELS when the outputs are more work than a bake may be. */
export function checkPixels(pictures: Measures, outputs: readonly OutputRequest[], limits: Limits): void {
  const pixels = outputs.reduce((sum, output) => sum + countPixels(pictures, output), 0);
  if (pixels <= limits.tapePixels) return;
  throw limitError(limits, 'tapePixels', `The outputs have ${pixels} pixels in all`);
}

/**
 * The pixels that one output costs: its pictures × the size of one, or of a frame where that is larger, since each picture is
 * also decoded. Pure.
 */
export function countPixels(pictures: Measures, request: OutputRequest): number {
  const { kind, scale, maxSide } = request;
  const { width, height, timeline } = pictures;
  const side = sideLimit(kind, maxSide);
  if (hasForm(kind, 'video')) {
    const { geometry, samples } = planVideo(kind, pictures, request, ANY_ENCODING);
    const pictureCount = timeline.pictures.length;
    const repeats = OUTPUTS[kind].constantRate ? samples.length - pictureCount : 0;
    const counted = pictureCount + Math.max(0, repeats) / REPEATS_PER_PICTURE;
    return Math.round(counted * Math.max(geometry.width * geometry.height, width * height));
  }
  if (hasForm(kind, 'animation')) {
    const { size, pages } = planAnimation(pictures, scale, side);
    return pages.length * Math.max(size.width * size.height, width * height);
  }
  const fitted = (side / Math.max(width, height)) ** 2 * width * height;
  return Math.round(Math.max(fitted, width * height));
}
