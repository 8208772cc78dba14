import type { Content } from './content.ts';

/** Pictures between two that a player can jump to, at most: ten seconds of a tape in which everything moves. */
const KEYFRAME_EVERY = 600;
/** Pixels of a picture up to which there is memory for several of them, in references, B-frames and threads. */
const SMALL_UP_TO = 1280 * 1280;

type Params = Readonly<Record<string, string | number>>;
interface Settings {
  readonly crf: number;
  /** For large pictures, where it differs: enlarged less, they keep less likeness at the same value. */
  readonly largeCrf?: number;
  readonly params: Params;
}

/**
 * Settings of x264 for each kind of content, found by measuring (bench/README.md). All start from `ultrafast`, since what
 * it leaves out finds little in pictures whose pixels are blocks: movement is by whole source pixels, and edges must not
 * be smoothed. What is put back pays for itself.
 */
const SETTINGS: Readonly<Record<Content, Settings>> = {
  // Partitions down to a source pixel or two, but no second look at what to keep, which costs a quarter
  // of the time; finer chroma for saturated lines; nearly
  // constant quality, so that pictures full of movement are not the worst of all.
  flat: {
    crf: 24,
    largeCrf: 23,
    params: { partitions: 'all', 'chroma-qp-offset': -4, qcomp: 0.9, ref: 1 },
  },
  smooth: { crf: 21, params: { qcomp: 0.7, trellis: 1 } },
  // Nothing can be predicted from the picture before: looking there costs time and bytes.
  noise: { crf: 25, params: { partitions: 'i4x4', 'chroma-qp-offset': -4, qcomp: 0.8, keyint: 1 } },
};

/** Between gradients there is something to interpolate. The pattern is fixed: choosing it would need lookahead. */
const B_FRAMES: Params = { bframes: 3, 'b-adapt': 0, 'b-pyramid': 'none', weightb: 0 };

/** Every reference and B-frame is a picture more in memory: of 2048×2048, ffmpeg takes 145 MB so, and 205 MB otherwise. */
const FEW: Params = { ref: 1, threads: 2 };

/** Three threads keep two cores at work, and no lookahead beside them: each holds pictures, and a host bakes several tapes at once. */
const THREADS: Params = { threads: 3, 'sync-lookahead': 0 };

/** Whether a picture of so many pixels is so large that memory counts more than speed. */
export function isLarge(pixels: number): boolean {
  return pixels > SMALL_UP_TO;
}

/** ffmpeg's arguments for the H.264 stream of pictures of `pixels` each. */
export function x264Arguments(content: Content, pixels: number): string[] {
  const { crf, largeCrf = crf, params } = SETTINGS[content];
  const between = content === 'smooth' ? B_FRAMES : {};
  const all = {
    cabac: 1,
    keyint: KEYFRAME_EVERY,
    ...THREADS,
    ...params,
    ...(isLarge(pixels) ? FEW : between),
  };
  const list = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-crf',
    `${isLarge(pixels) ? largeCrf : crf}`,
    '-x264-params',
    list.join(':'),
  ];
}
