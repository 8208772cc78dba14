import { INDEX_RATE, type Sample } from '../plan/samples.ts';
import type { Content } from './content.ts';
import { levelOf } from './level.ts';

/** Pictures between two that a player can jump to, at most: ten seconds of a tape in which everything moves. */
const KEYFRAME_EVERY = 600;
/** Pixels of a picture up to which there is memory for several of them, in references, B-frames and threads. */
const SMALL_UP_TO = 1280 * 1280;

type Params = Readonly<Record<string, string | number>>;
interface Settings {
  readonly crf: number;
  /** For large pictures, where it differs: enlarged less, they keep less likeness at the same value. */
  readonly largeCrf?: number;
  /** Whether every picture is a keyframe. */
  readonly everyPictureAlone?: boolean;
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
  noise: {
    crf: 25,
    everyPictureAlone: true,
    params: { partitions: 'i4x4', 'chroma-qp-offset': -4, qcomp: 0.8 },
  },
};

/** Between gradients there is something to interpolate. The pattern is fixed: choosing it would need lookahead. */
const B_FRAMES = 3;
const B_PATTERN: Params = { bframes: B_FRAMES, 'b-adapt': 0, 'b-pyramid': 'none', weightb: 0 };

/** Every reference and B-frame is a picture more in memory: of 2048×2048, ffmpeg takes 145 MB so, and 205 MB otherwise. */
const FEW: Params = { ref: 1, threads: 2 };

/** Three threads keep two cores at work, and no lookahead beside them: each holds pictures, and a host bakes several tapes at once. */
const THREADS: Params = { threads: 3, 'sync-lookahead': 0 };

/** Written into the stream, where each version of ffmpeg would write something else, or guess. */
const SIGNALLED: Params = {
  fps: INDEX_RATE,
  colorprim: 'bt709',
  transfer: 'bt709',
  colormatrix: 'bt709',
  range: 'tv',
};

/** What the stream of pictures is made of. */
export interface Stream {
  readonly content: Content;
  /** Of a picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether pictures may be predicted from the next as well, which means that they are decoded in another order. */
  readonly reorder: boolean;
  /** The most pictures in any one second. */
  readonly peakRate: number;
  /** The number of the first picture, from 0, that only repeats the one before, as all after it do. */
  readonly repeatsFrom: number;
}

/** Whether a picture of so many pixels is so large that memory counts more than speed. */
export function isLarge(pixels: number): boolean {
  return pixels > SMALL_UP_TO;
}

/** Whether pictures of this content gain by being predicted from the next as well, and there is memory for that. */
export function gainsByReordering(content: Content, pixels: number): boolean {
  return content === 'smooth' && !isLarge(pixels);
}

/** The order in which so many pictures of a stream with `reorder` are decoded: a B-frame comes after the picture that follows it. Pure. */
export function decodeOrder(pictures: number): number[] {
  const order: number[] = [];
  for (let first = 0, next = 0; next < pictures; first = next) {
    const at = next % KEYFRAME_EVERY;
    const toKeyframe = KEYFRAME_EVERY - 1 - at;
    const waiting = at === 0 ? 0 : Math.min(B_FRAMES, toKeyframe, pictures - 1 - next);
    order.push(first + waiting);
    for (; next < first + waiting; next++) order.push(next);
    next++;
  }
  return order;
}

/**
 * Whether the times of samples of a stream with `reorder` can be said in an MP4, where each lasts until the next one in the order of
 * decoding: the one shown last is decoded last, none seems to last beyond the end, and ffmpeg, which looks at all but the last two runs
 * of different waits, learns from them how long a picture may wait. (It would change times when it copies packets otherwise.) Pure.
 */
export function endsInOrder(samples: readonly Sample[]): boolean {
  const { end } = samples.at(-1)!;
  const order = decodeOrder(samples.length);
  if (order.at(-1) !== samples.length - 1) return false;
  const shown = order.map((n) => samples[n]!.start);
  if (samples.some(({ start, end: until }, n) => shown[n]! + until - start > end)) return false;
  const waits = samples.map(({ start }, n) => start - shown[n]!);
  const runs = waits.filter((wait, n) => wait !== waits[n - 1]);
  return Math.max(...runs) <= Math.max(...runs.slice(0, -2));
}

/** ffmpeg's arguments for the H.264 stream. */
export function x264Arguments(stream: Stream): string[] {
  const { content, width, height, reorder, peakRate, repeatsFrom } = stream;
  const large = isLarge(width * height);
  const { crf, largeCrf = crf, params, everyPictureAlone = false } = SETTINGS[content];
  const level = levelOf({ width, height, peakRate, held: reorder ? 2 : 1 });
  const all = {
    cabac: 1,
    keyint: KEYFRAME_EVERY,
    ...THREADS,
    ...params,
    ...(reorder ? B_PATTERN : {}),
    ...(large ? FEW : {}),
    ...SIGNALLED,
    level,
  };
  const list = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  const options = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', `${large ? largeCrf : crf}`];
  const keyframes = everyPictureAlone ? ['-force_key_frames', `expr:lt(n,${repeatsFrom})`] : [];
  return [...options, ...keyframes, '-x264-params', list.join(':')];
}
