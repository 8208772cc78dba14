import { argv } from '../../lib/argv.ts';
import { GLOBAL, inputArguments } from '../ffmpeg.ts';
import type { Container } from '../outputs.ts';
import type { Geometry } from '../plan/size.ts';
import type { UnpackedSound } from '../sound/unpack.ts';
import { type Stream, x264Arguments } from './x264.ts';

/** How the pictures of a video are encoded. */
export interface PicturesPlan extends FilterOptions, Omit<Stream, 'width' | 'height'> {
  readonly container: Container;
}

/** The descriptor to which ffmpeg writes packets: the first after the standard three. */
export const PACKETS_FD = 3;

/** Milliseconds of packets that come together. Reading each by itself would cost time, and a second's packets would be late. */
const CLUSTER_MS = 200;

const ENCODER = argv`
  ${GLOBAL}
  -hide_banner -v warning -xerror
  -progress pipe:1 -stats_period 0.25
`;
const PICTURES = inputArguments({ protocol: 'pipe', format: 'matroska', decoders: ['png'] });
const PACKETS = argv`-map_metadata -1 -f matroska -cluster_time_limit ${CLUSTER_MS} pipe:${PACKETS_FD}`;

/**
 * ffmpeg's arguments for the pictures. It reads PNGs in Matroska from its standard input, writes progress to its standard output, and
 * writes packets in Matroska, each under the number of its sample. Pure.
 */
export function pictureArguments(plan: PicturesPlan): string[] {
  const { width, height } = plan.geometry;
  const { rate } = plan;
  // One thread decodes, since each holds pictures in memory. One filters: more wait for each other longer than they work.
  return argv`
    ${ENCODER}
    -threads 1 ${PICTURES} -i pipe:0
    -filter_complex_threads 1 -filter_complex ${filterGraph(plan)} -map [video]
    -fps_mode:v passthrough -enc_time_base 1/${rate}
    ${PICTURE_CODECS[plan.container]({ ...plan, width, height })}
    -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv
    ${PACKETS}
  `;
}

/** Realtime VP9 is within a few percent of `good` on drawings, and ten times as fast. No picture waits for a later one. */
const VP9 = argv`
  -c:v libvpx-vp9 -deadline realtime -cpu-used 7 -row-mt 1 -lag-in-frames 0
  -crf 24 -b:v 0
`;

const PICTURE_CODECS: Readonly<Record<Container, (stream: Stream) => string[]>> = {
  mp4: x264Arguments,
  webm: () => VP9,
};

/** The sound track of a video as it is to be made. */
export interface SoundPlan {
  readonly container: Container;
  /** Audio samples a second. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  readonly seconds: number;
  /** Whether silence follows a sound that ends before `seconds`. */
  readonly padded: boolean;
}

/** ffmpeg's arguments for the sound, which is encoded by a process of its own. It writes packets in Matroska. Pure. */
export function soundArguments(plan: SoundPlan, sound: UnpackedSound): string[] {
  const { format, sampleRate, channels, path } = sound;
  return argv`
    ${ENCODER}
    ${inputArguments({ protocol: 'file', format, decoders: [`pcm_${format}`] })}
    -ar ${sampleRate} -ac ${channels} -i ${path}
    ${plan.padded ? argv`-af apad -t ${plan.seconds}` : padForResampler(sampleRate, plan.sampleRate)}
    ${SOUND_CODECS[plan.container]}
    -ac ${plan.channels} -ar ${plan.sampleRate}
    ${PACKETS}
  `;
}

/** Audio samples of a resampler's window, per step of the slower of the two rates. */
const WINDOW = 64;

/**
 * Silence after the sound, as long as the resampler's window. A sound shorter than the window would give nothing at all. The packets of
 * the silence are left out with those after the sound's end. Pure.
 */
function padForResampler(from: number, to: number): string[] {
  return from === to ? [] : argv`-af apad=pad_len=${WINDOW * Math.ceil(Math.max(1, from / to))}`;
}

const SOUND_CODECS: Readonly<Record<Container, string[]>> = {
  mp4: argv`-c:a aac -aac_coder fast -b:a 128k`,
  webm: argv`-c:a libopus -b:a 96k`,
};

/**
 * Audio samples a second in a finished video: a rate that every player and encoder knows. Opus has 48 kHz inside, and delays sound
 * of other rates by another time.
 */
export function encodedRate(container: Container, sampleRate: number): number {
  return container === 'mp4' && sampleRate === 44_100 ? 44_100 : 48_000;
}

/** How pictures are changed before they are encoded. */
export interface FilterOptions {
  readonly geometry: Geometry;
  /** Whether pictures have an alpha channel at all. */
  readonly alpha: boolean;
  /** Whether some pixels are transparent, so that pictures have to be laid on black. */
  readonly blend: boolean;
  /** Pictures come under numbers at this rate (a second). */
  readonly rate: number;
  /** Whether pictures that are missing between two numbers repeat the earlier one. */
  readonly constantRate: boolean;
}

/** The key under which ffmpeg reports a picture with transparent pixels, as `key=value` on its standard output. */
export const TRANSPARENCY_KEY = 'lavfi.bbox.w';

/**
 * The filter graph from `[0:v]`, the pictures of the tape, to `[video]`, the pictures that are encoded: limited-range BT.709 in
 * 4:2:0. Colours are converted before pictures are enlarged, and at even factors every source pixel keeps its own chroma.
 *
 * Laying alpha on black costs as much as decoding, and almost no tape has transparent pixels. So the graph only looks for them, unless
 * `blend` is set. Pure.
 */
export function filterGraph({ geometry, alpha, blend, rate, constantRate }: FilterOptions): string {
  // Without repeats, the number of a picture is how many came before it, whatever its time says.
  const times = constantRate ? `settb=1/${rate}` : `settb=1/${rate},setpts=N`;
  const convertAll = chain(convert(geometry), ...(constantRate ? [`fps=${rate}:start_time=0`] : []));
  if (alpha && blend) return `[0:v]${chain(times, ON_BLACK, convertAll)}[video]`;
  if (!alpha) return `[0:v]${chain(times, convertAll)}[video]`;
  return [
    `[0:v]${times},split[pixels][alpha]`,
    `[pixels]${convertAll}[video]`,
    `[alpha]${FIND_TRANSPARENCY}`,
  ].join(';');
}

const ON_BLACK = 'format=gbrap,premultiply=inplace=1,format=gbrp';
const FIND_TRANSPARENCY = `alphaextract,negate,bbox=min_val=0,metadata=mode=print:key=${TRANSPARENCY_KEY}:file=-:direct=1,nullsink`;
const TO_BT709 = 'out_color_matrix=bt709:out_range=tv';
/** Tags for the encoder. Without them, some versions pass on what they assume of the tape's pictures. */
const IN_BT709 = 'format=yuv420p,setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709';

function convert({ factor, innerWidth, innerHeight, width, height, padding }: Geometry): string {
  // Only whole, even factors give each source pixel chroma of its own. At other factors neighbours share it, and are averaged.
  const kernel = factor >= 2 ? 'neighbor' : 'area';
  const flags = `${kernel}+accurate_rnd+full_chroma_inp`;
  const scale = `scale=${innerWidth}:${innerHeight}:flags=${flags}:${TO_BT709}`;
  if (padding) {
    // Chroma is averaged, since the edges of the frame may lie between two pixels that share it.
    const { left, top, background } = padding;
    return chain(
      `scale=${innerWidth}:${innerHeight}:flags=${flags},format=gbrp`,
      `pad=${width}:${height}:${left}:${top}:0x${background.slice(1)}`,
      `scale=${width}:${height}:flags=area+accurate_rnd+full_chroma_inp:${TO_BT709}`,
      IN_BT709,
    );
  }
  if (width === innerWidth && height === innerHeight) return chain(scale, IN_BT709);
  // An odd size: the last row or column is repeated before pixels share chroma.
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
