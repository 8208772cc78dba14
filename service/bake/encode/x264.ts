import { argv } from '../../lib/argv.ts';
import type { Content } from './content.ts';
import type { Piece } from './pieces.ts';
import type { Sample } from './samples.ts';

/** The most samples between two keyframes, to which a player can jump: ten seconds of a tape in which everything moves. */
export const KEYFRAME_INTERVAL = 600;
/** Seconds between two keyframes of a share video: sites ask for 2 to 5, and editors cut there (docs/share.md). */
const SHARE_KEYFRAME_SECONDS = 5;
/** Kilobits a second that a share video has at most: sites refuse more than 25,000 (docs/share.md). */
const SHARE_KBITS = 20_000;
/** Pixels of a picture up to which memory suffices for several of them, in references, B-frames and threads. */
const MAX_SMALL_PIXELS = 1280 * 1280;

type Params = Readonly<Record<string, string | number>>;
interface Settings {
  /** The quantizer of pictures that are predicted from one before; that of keyframes is 3 less. 6 more halve the detail. */
  readonly qp: number;
  /** By how much less large pictures are quantized: they are enlarged less, and look less alike at the same value. */
  readonly finerWhereLarge?: number;
  /** The rate factor of a share video, and what differs there. Sites limit its bytes and encode it once more, so it is 3 dB less alike. */
  readonly share: { readonly crf: number; readonly params: Params };
  /** Whether every picture is a keyframe. */
  readonly everyPictureAlone?: boolean;
  readonly params: Params;
}

/** Partitions go down to a source pixel or two, without a second decision on what to keep. Chroma is finer, for saturated lines. */
const DRAWN: Params = { partitions: 'all', 'chroma-qp-offset': -4, ref: 1 };
const DRAWN_SHARE: Settings['share'] = { crf: 27, params: { qcomp: 0.9 } };

/**
 * Settings of x264 for each kind of content, found by measuring (bench/README.md). All start from `ultrafast`. The tools that it leaves
 * out find little in pictures whose pixels are blocks: movement is by whole source pixels, and edges must not be smoothed. Each
 * setting below gains more than it costs.
 *
 * The quantizer is constant. What moves looks as good as what stands still, pieces of a video look alike, and no picture has to be
 * analysed before its turn, which took a fifth of the encoder's time.
 */
const SETTINGS: Readonly<Record<Content, Settings>> = {
  flat: { qp: 23, finerWhereLarge: 1, share: DRAWN_SHARE, params: DRAWN },
  // Much of each picture has to be encoded, and takes bytes.
  busy: { qp: 24, finerWhereLarge: 1, share: DRAWN_SHARE, params: DRAWN },
  smooth: {
    qp: 22,
    share: { crf: 24, params: { qcomp: 0.7, 'chroma-qp-offset': 0 } },
    params: { 'chroma-qp-offset': -2 },
  },
  // Nothing can be predicted from the picture before. Trying costs time and bytes, and nobody sees the detail.
  noise: {
    qp: 37,
    share: { crf: 28, params: { qcomp: 0.8 } },
    everyPictureAlone: true,
    params: { partitions: 'i4x4', 'chroma-qp-offset': -4 },
  },
};

/**
 * B-frames interpolate between gradients. Their pattern is fixed, since choosing it needs lookahead. With weights by distance in time
 * they are so near that they need few bits, and may be coarser than the pictures from which they are made.
 */
const B_FRAMES = 3;
const B_PATTERN: Params = { bframes: B_FRAMES, 'b-adapt': 0, 'b-pyramid': 'none', weightb: 1, pbratio: 1.8 };

/** Every reference, B-frame and thread holds a picture in memory: of 2048×2048, ffmpeg takes 145 MB so, and 205 MB otherwise. */
const LARGE_PICTURES: Params = { ref: 1, threads: 2 };

/** Three threads keep two cores at work. There is no lookahead beside them: each thread holds pictures, and a host bakes several tapes at once. */
const THREADS: Params = { threads: 3, 'sync-lookahead': 0 };

/** Where several encoders share the pictures, each keeps one core at work. Their headers depend on nothing but these settings. */
const SHARED: Params = { threads: 1, stitchable: 1 };

/** For sites, which ask for the profile High (which the transform of 8 × 8 makes it), a constant rate and a limited one. */
const SHARE_PARAMS: Params = {
  '8x8dct': 1,
  'force-cfr': 1,
  'vbv-maxrate': SHARE_KBITS,
  'vbv-bufsize': SHARE_KBITS,
};

/** Tags in the stream. Without them, each version of ffmpeg writes other ones, or guesses. */
const SIGNALLED: Params = {
  colorprim: 'bt709',
  transfer: 'bt709',
  colormatrix: 'bt709',
  range: 'tv',
};

/** Properties of the stream of pictures. */
export interface Stream {
  readonly content: Content;
  /** Pixels, of every picture. */
  readonly width: number;
  readonly height: number;
  /** Whether pictures may also be predicted from later ones, and are decoded in another order than shown. */
  readonly reorder: boolean;
  /** The most samples in any one second. */
  readonly peakRate: number;
  /** The number, from 0, of the first sample from which on all only repeat the one before. */
  readonly repeatsFrom: number;
  /** Samples a second, as the encoder sees them. */
  readonly rate: number;
  /** Whether this is their real rate. */
  readonly constantRate: boolean;
  /** Encoders that share the pictures. */
  readonly encoders: number;
}

/** Whether a picture of so many pixels is large: memory counts more than speed then. */
export function isLarge(pixels: number): boolean {
  return pixels > MAX_SMALL_PIXELS;
}

/** Whether content gains by prediction from later pictures too, and memory suffices for it. */
export function gainsByReordering(content: Content, pixels: number): boolean {
  return content === 'smooth' && !isLarge(pixels);
}

/** The order in which the samples of pieces with `reorder` are decoded, as numbers: a B-frame comes after the sample that follows it. Pure. */
export function decodeOrder(pieces: readonly Piece[]): number[] {
  return pieces.flatMap(({ from, to }) => decodeOrderOf(to - from).map((n) => from + n));
}

function decodeOrderOf(samples: number): number[] {
  const order: number[] = [];
  for (let first = 0, next = 0; next < samples; first = next) {
    const at = next % KEYFRAME_INTERVAL;
    const toKeyframe = KEYFRAME_INTERVAL - 1 - at;
    const waiting = at === 0 ? 0 : Math.min(B_FRAMES, toKeyframe, samples - 1 - next);
    order.push(first + waiting);
    for (; next < first + waiting; next++) order.push(next);
    next++;
  }
  return order;
}

/**
 * Whether an MP4 can hold the times of samples of a stream with `reorder`. There a sample lasts until the next one in the order of
 * decoding. So the sample shown last has to be decoded last, and no sample may seem to last beyond the end. Also, ffmpeg learns how long
 * a sample may wait from all but the last two runs of different waits; it changes times when it copies packets that wait longer. Pure.
 */
export function endsInOrder(samples: readonly Sample[], pieces: readonly Piece[]): boolean {
  const { end } = samples.at(-1)!;
  const order = decodeOrder(pieces);
  if (order.at(-1) !== samples.length - 1) return false;
  const shown = order.map((n) => samples[n]!.start);
  if (samples.some(({ start, end: until }, n) => shown[n]! + until - start > end)) return false;
  const waits = samples.map(({ start }, n) => start - shown[n]!);
  const runs = waits.filter((wait, n) => wait !== waits[n - 1]);
  return Math.max(...runs) <= Math.max(...runs.slice(0, -2));
}

/** ffmpeg's arguments for the H.264 stream. */
export function x264Arguments(stream: Stream): string[] {
  const { content, width, height, reorder, peakRate, repeatsFrom, rate, constantRate, encoders } = stream;
  const large = isLarge(width * height);
  const { qp, finerWhereLarge = 0, share, params, everyPictureAlone = false } = SETTINGS[content];
  const finer = large ? finerWhereLarge : 0;
  const level = levelOf({ width, height, peakRate, held: reorder ? 2 : 1 });
  const all = {
    cabac: 1,
    keyint: constantRate ? SHARE_KEYFRAME_SECONDS * rate : KEYFRAME_INTERVAL,
    ...THREADS,
    ...params,
    ...(reorder ? B_PATTERN : {}),
    ...(large ? LARGE_PICTURES : {}),
    ...(encoders > 1 ? SHARED : {}),
    ...(constantRate ? { ...SHARE_PARAMS, ...share.params } : {}),
    fps: rate,
    ...SIGNALLED,
    level,
  };
  const list = Object.entries(all).map(([key, value]) => `${key}=${value}`);
  return argv`
    -c:v libx264 -preset ultrafast
    ${constantRate ? ['-crf', `${share.crf - finer}`] : ['-qp', `${qp - finer}`]}
    ${everyPictureAlone && !constantRate ? ['-force_key_frames', `expr:lt(n,${repeatsFrom})`] : []}
    -x264-params ${list.join(':')}
  `;
}

/** The capabilities of a decoder of each level of H.264 (ITU-T H.264, table A-1), from the lowest level. */
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

/** Properties of a video that its level depends on. */
export interface LevelInput {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** The most samples in any one second. */
  readonly peakRate: number;
  /** Decoded pictures that a decoder has to hold besides the current one. */
  readonly held: number;
}

/** The lowest level of H.264 that suffices, such as `3.1`; the highest where none does. Pure. */
export function levelOf({ width, height, peakRate, held }: LevelInput): string {
  const [columns, rows] = [Math.ceil(width / 16), Math.ceil(height / 16)];
  const macroblocks = columns * rows;
  const fits = LEVELS.find(([, perSecond, most, mostHeld]) => {
    // A side may be √8 times as long as that of a square of the most macroblocks.
    const longest = Math.sqrt(8 * most);
    if (columns > longest || rows > longest || macroblocks > most) return false;
    return macroblocks * peakRate <= perSecond && macroblocks * held <= mostHeld;
  });
  return (fits ?? LEVELS.at(-1)!)[0];
}
