import { argv } from '../../lib/argv.ts';
import { INDEX_RATE, type Sample } from './samples.ts';

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
  return argv`
    -c:v libx264 -preset ultrafast
    -crf ${large ? largeCrf : crf}
    ${everyPictureAlone ? ['-force_key_frames', `expr:lt(n,${repeatsFrom})`] : []}
    -x264-params ${list.join(':')}
  `;
}

/** What a decoder of each level of H.264 can do at least (ITU-T H.264, table A-1), from the least on. */
const LEVELS: readonly (readonly [
  level: string,
  macroblocksPerSecond: number,
  macroblocks: number,
  held: number,
])[] = [
  ['1.0', 1485, 99, 396],
  ['1.1', 3000, 396, 900],
  ['1.2', 6000, 396, 2376],
  ['1.3', 11_880, 396, 2376],
  ['2.1', 19_800, 792, 4752],
  ['2.2', 20_250, 1620, 8100],
  ['3.0', 40_500, 1620, 8100],
  ['3.1', 108_000, 3600, 18_000],
  ['3.2', 216_000, 5120, 20_480],
  ['4.0', 245_760, 8192, 32_768],
  ['4.2', 522_240, 8704, 34_816],
  ['5.0', 589_824, 22_080, 110_400],
  ['5.1', 983_040, 36_864, 184_320],
  ['5.2', 2_073_600, 36_864, 184_320],
  ['6.0', 4_177_920, 139_264, 696_320],
  ['6.1', 8_355_840, 139_264, 696_320],
  ['6.2', 16_711_680, 139_264, 696_320],
];

/** What the level of a video hangs on. */
export interface LevelInput {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** The most pictures in any one second. */
  readonly peakRate: number;
  /** Decoded pictures that a decoder has to hold besides the one it works on. */
  readonly held: number;
}

/** The lowest level of H.264 that covers the demand: `3.1`. The highest, where none does. */
export function levelOf({ width, height, peakRate, held }: LevelInput): string {
  const [columns, rows] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const macroblocks = columns * rows;
  const fits = LEVELS.find(([, perSecond, most, mostHeld]) => {
    // A side may be no longer than √8 times that of a square of so many.
    const longest = Math.sqrt(8 * most);
    if (columns > longest || rows > longest || macroblocks > most) return false;
    return macroblocks * peakRate <= perSecond && macroblocks * held <= mostHeld;
  });
  return (fits ?? LEVELS.at(-1)!)[0];
}

/** Kinds of pictures that want different encoder settings. */
export type Content = 'flat' | 'smooth' | 'noise';

/** Bytes of PNG per pixel above which colours change from pixel to pixel: gradients, photographs. Drawings have 0.01 to 0.4. */
const SMOOTH_FROM = 0.5;
/** Bytes of PNG per pixel above which hardly anything repeats. Gradients have about 1, pure noise 3.3. */
const NOISE_FROM = 2;

/**
 * Tells the content from how well the recorder could compress it, which costs nothing: `pngBytes` of all `pictures`, each of
 * `pixels`.
 */
export function contentOf(pngBytes: number, pictures: number, pixels: number): Content {
  const density = pngBytes / (pictures * pixels);
  if (density >= NOISE_FROM) return 'noise';
  return density >= SMOOTH_FROM ? 'smooth' : 'flat';
}
