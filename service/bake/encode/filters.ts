import { INDEX_RATE } from '../plan/samples.ts';
import type { Geometry } from '../plan/scale.ts';

/** What the pictures need before they can be encoded. */
export interface Look {
  readonly geometry: Geometry;
  /** Whether pictures have an alpha channel at all. */
  readonly alpha: boolean;
  /** Whether some pixels are known to be transparent, so that they must be laid on black. */
  readonly blend: boolean;
}

/** The key under which ffmpeg reports a picture with transparent pixels, as `key=value` on its standard output. */
export const TRANSPARENCY_KEY = 'lavfi.bbox.w';

/**
 * The filter graph from `[0:v]`, pictures as they are in the tape, to `[video]`, pictures as they are encoded: limited-range
 * BT.709 in 4:2:0. Colours are converted before enlarging, and at even factors every source pixel keeps its own chroma.
 *
 * Laying alpha on black costs as much as decoding, and almost no tape has transparent pixels; so, unless `blend`, they are
 * only looked for.
 */
export function filterGraph(look: Look): string {
  if (look.alpha && look.blend) return `[0:v]${chain(TIMES, ON_BLACK, convert(look.geometry))}[video]`;
  if (!look.alpha) return `[0:v]${chain(TIMES, convert(look.geometry))}[video]`;
  return [
    `[0:v]${TIMES},split[pixels][alpha]`,
    `[pixels]${convert(look.geometry)}[video]`,
    `[alpha]${LOOK_FOR_TRANSPARENCY}`,
  ].join(';');
}

/** A picture's time is its number. */
const TIMES = `settb=1/${INDEX_RATE},setpts=N`;
const ON_BLACK = 'format=gbrap,premultiply=inplace=1,format=gbrp';
const LOOK_FOR_TRANSPARENCY = `alphaextract,negate,bbox=min_val=0,metadata=mode=print:key=${TRANSPARENCY_KEY}:file=-:direct=1,nullsink`;
const TO_BT709 = 'out_color_matrix=bt709:out_range=tv';
/** What the encoder is told: otherwise some versions pass on what they take the tape's pictures to be. */
const IN_BT709 = 'format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';

function convert({ factor, innerWidth, innerHeight, width, height }: Geometry): string {
  // Only whole, even factors leave a source pixel's chroma alone; otherwise neighbours share it, and are averaged.
  const kernel = factor >= 2 ? 'neighbor' : 'area';
  const flags = `${kernel}+accurate_rnd+full_chroma_inp`;
  const scale = `scale=${innerWidth}:${innerHeight}:flags=${flags}:${TO_BT709}`;
  if (width === innerWidth && height === innerHeight) return chain(scale, IN_BT709);
  // Odd sizes: the last row and column are repeated, before chroma is shared.
  return chain(
    `scale=${innerWidth}:${innerHeight}:flags=${flags},format=gbrp`,
    `pad=${width}:${height}`,
    `fillborders=right=${width - innerWidth}:bottom=${height - innerHeight}:mode=smear`,
    `scale=${width}:${height}:flags=${flags}:${TO_BT709}`,
    IN_BT709,
  );
}

function chain(...filters: string[]): string {
  return filters.join(',');
}
