import type { Content } from './content.ts';

/**
 * Settings of x264 for each kind of content, found by measuring (bench/README.md). All start from `ultrafast`, since what
 * it leaves out finds little in pictures whose pixels are blocks: movement is by whole source pixels, edges must not be
 * smoothed, and there is nothing between two pictures to interpolate. What is put back pays for itself.
 */
const SETTINGS: Readonly<
  Record<Content, { crf: number; params: Readonly<Record<string, string | number>> }>
> = {
  // Small partitions fit around blocks; finer chroma keeps saturated lines; nearly constant quality spares fast motion.
  flat: {
    crf: 23,
    params: { partitions: 'i4x4,i8x8,p8x8', '8x8dct': 1, 'chroma-qp-offset': -4, qcomp: 0.8, ref: 2 },
  },
  smooth: { crf: 21, params: { qcomp: 0.7 } },
  // Nothing can be predicted from the picture before: looking there costs time and bytes.
  noise: { crf: 23, params: { partitions: 'i4x4', 'chroma-qp-offset': -4, qcomp: 0.8, keyint: 1 } },
};

/** Pictures between two that a player can jump to, at most: ten seconds of a tape in which everything moves. */
const KEYFRAME_EVERY = 600;

/**
 * ffmpeg's arguments for the H.264 stream. Without B-frames and lookahead a 2048×2048 video takes 165 MB, not 460, and
 * pictures come out in the order they are shown.
 */
export function x264Arguments(content: Content): string[] {
  const { crf, params } = SETTINGS[content];
  const all = { cabac: 1, keyint: KEYFRAME_EVERY, ...params };
  const list = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', `${crf}`, '-x264-params', list.join(':')];
}
