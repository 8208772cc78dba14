import type { Pictures } from './frames/pictures.ts';
import { planAnimation } from './images/make-images.ts';
import { type Limits, limitError } from './limits.ts';
import { hasForm, type OutputRequest, sideLimit } from './outputs.ts';
import { planScale } from './plan/size.ts';

type Measures = Pick<Pictures, 'width' | 'height' | 'timeline'>;

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
export function countPixels(pictures: Measures, { kind, scale, maxSide }: OutputRequest): number {
  const { width, height, timeline } = pictures;
  const side = sideLimit(kind, maxSide);
  if (hasForm(kind, 'video')) {
    const size = planScale(width, height, scale ?? 'auto', side);
    return timeline.pictures.length * Math.max(size.width * size.height, width * height);
  }
  if (hasForm(kind, 'animation')) {
    const { size, pages } = planAnimation(pictures, scale, side);
    return pages.length * Math.max(size.width * size.height, width * height);
  }
  const fitted = (side / Math.max(width, height)) ** 2 * width * height;
  return Math.round(Math.max(fitted, width * height));
}
