/** The scales that a request can have. An odd factor would split a source pixel across chroma samples. */
export const SCALES = ['auto', 1, 2, 4, 6, 8] as const;
export type Scale = (typeof SCALES)[number];

/** Pixels of the longer side up to which `auto` enlarges by the largest even factor. */
const AUTO_SIDE = 1280;
/** Pixels of the longer side up to which `auto` still doubles. */
const DOUBLED_SIDE = 2048;
/** Pixels of the longer side at most: more is too large for common players. */
export const LARGEST_SIDE = 4096;

/** A colour as #rrggbb. */
export type Background = `#${string}`;
export const BACKGROUND = /^#[0-9a-f]{6}$/i;

/** The size of a video, and of the frame in it. All in pixels. */
export interface Geometry {
  /** How many pixels each pixel of the frame becomes, in both directions: a whole number, or less than 1 for a frame that is shrunk. */
  readonly factor: number;
  /** The scaled frame. */
  readonly innerWidth: number;
  readonly innerHeight: number;
  /** The video. Its sizes are even, so an odd one has one more column or row. */
  readonly width: number;
  readonly height: number;
  /** Whether the request has a larger factor. */
  readonly reduced: boolean;
  /** The place of the scaled frame in a larger video. Where it is missing, the frame fills the video. */
  readonly padding?: { readonly left: number; readonly top: number; readonly background: Background };
}

/**
 * Plans the size of a video of frames of `width` × `height` pixels. The longer side has at most `maxSide` pixels at any scale. A frame
 * that is larger is shrunk. No frame is enlarged beyond `maxPixels` in all. Pure.
 */
export function planScale(
  width: number,
  height: number,
  scale: Scale,
  maxSide = LARGEST_SIDE,
  maxPixels = Number.POSITIVE_INFINITY,
): Geometry {
  const longer = Math.max(width, height);
  const largest = Math.min(maxSide / longer, Math.sqrt(maxPixels / (width * height)));
  const factor = scale === 'auto' ? autoFactor(longer, maxSide, largest) : largestWithin(scale, largest);
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

function autoFactor(longer: number, maxSide: number, largest: number): number {
  const even = Math.floor(Math.min(AUTO_SIDE / longer, maxSide / longer, largest) / 2) * 2;
  if (even >= 2) return even;
  return longer * 2 <= Math.min(DOUBLED_SIDE, maxSide) && largest >= 2 ? 2 : 1;
}

function largestWithin(asked: number, largest: number): number {
  return [8, 6, 4, 2].find((factor) => factor <= asked && factor <= largest) ?? 1;
}
