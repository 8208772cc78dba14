/** The factors that may be asked for. Odd ones would split a source pixel across chroma samples. */
export const SCALES = ['auto', 1, 2, 4, 6, 8] as const;
export type Scale = (typeof SCALES)[number];

/** Pixels of the longer side up to which `auto` enlarges by as much as fits. */
const COMFORTABLE = 1280;
/** Pixels of the longer side up to which `auto` still doubles. */
const LARGE = 2048;
/** Pixels of the longer side at most, when a factor is asked for: what common players decode. */
export const LARGEST_SIDE = 4096;

/** How a frame becomes a picture of the video, in pixels. */
export interface Geometry {
  /** Whole number of pixels that each pixel becomes, in both directions; below 1 when the frame had to be shrunk. */
  readonly factor: number;
  /** Of the frame after scaling. */
  readonly innerWidth: number;
  readonly innerHeight: number;
  /** Of the video: even, so odd sizes have one more column or row. */
  readonly width: number;
  readonly height: number;
  /** Whether a larger factor was asked for. */
  readonly reduced: boolean;
}

/**
 * Chooses the size of the video for frames of `width` × `height`. `maxSide`, in pixels, bounds the longer side whatever
 * the scale; only where even the frame itself is larger is it shrunk.
 */
export function planScale(width: number, height: number, scale: Scale, maxSide = LARGEST_SIDE): Geometry {
  const longer = Math.max(width, height);
  const factor = scale === 'auto' ? autoFactor(longer, maxSide) : largestWithin(longer, scale, maxSide);
  const fitted = longer * factor <= maxSide ? factor : maxSide / longer;
  const innerWidth = Math.max(1, Math.round(width * fitted));
  const innerHeight = Math.max(1, Math.round(height * fitted));
  return {
    factor: fitted,
    innerWidth,
    innerHeight,
    width: innerWidth + (innerWidth % 2),
    height: innerHeight + (innerHeight % 2),
    reduced: scale !== 'auto' && factor < scale,
  };
}

function autoFactor(longer: number, maxSide: number): number {
  const comfortable = Math.floor(Math.min(COMFORTABLE, maxSide) / longer / 2) * 2;
  if (comfortable >= 2) return comfortable;
  return longer * 2 <= Math.min(LARGE, maxSide) ? 2 : 1;
}

function largestWithin(longer: number, asked: number, maxSide: number): number {
  const even = [8, 6, 4, 2].find((factor) => factor <= asked && longer * factor <= maxSide);
  return even ?? 1;
}
