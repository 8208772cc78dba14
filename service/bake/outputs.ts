import type { AvifOptions, GifOptions, JpegOptions, PngOptions, WebpOptions } from 'sharp';
import { SHARE_FPS, SHARE_FRAMES, type ShareFps, type ShareFrame } from './plan/share.ts';
import { type Background, LARGEST_SIDE, type Scale } from './plan/size.ts';

/** One type of file. */
export interface FileType {
  /** What a file's name ends with, after the name of the tape. */
  readonly ending: string;
  readonly contentType: string;
}

/** One row of the table of outputs. */
interface OutputFacts {
  /** Pixels of the longer side. */
  readonly side: { readonly default: number; readonly max: number };
  /** Where the dashboard shows it; 'link' is a link only. If several files are for one place, it shows the one with the lowest rank. */
  readonly dashboard:
    | { readonly place: 'player' | 'image'; readonly rank: number }
    | { readonly place: 'link' };
  /** Whether `oven bake` always makes it, or only if --format names it. */
  readonly cli: 'always' | 'format';
}

/** A video shows the whole tape, and ffmpeg makes it: service/bake/encode/ has what differs between containers. */
interface VideoFacts extends OutputFacts, FileType {
  readonly form: 'video';
  readonly container: Container;
  /** Whether its pictures follow at a constant rate. Otherwise each has the tape's own time. */
  readonly constantRate: boolean;
  /** Pixels of a picture beyond which no frame is enlarged: encoders hold several pictures. */
  readonly maxPixels: number;
}

/** The format of a video's file, which decides on its codecs too. */
export type Container = 'mp4' | 'webm';

/** An animation shows the beginning of the tape. sharp writes it. */
interface AnimationFacts extends OutputFacts, FileType {
  readonly form: 'animation';
  readonly codec: AnimationCodec;
}

/** A still shows one moment of the tape. sharp writes it, in the format of the request, or in the first of the table. */
interface StillFacts extends OutputFacts {
  readonly form: 'still';
  /** `maxSide` is a smaller limit for one format, in pixels of the longer side. */
  readonly formats: Readonly<
    Record<string, FileType & { readonly codec: StillCodec; readonly maxSide?: number }>
  >;
}

interface Codec<Format extends string, Options> {
  readonly format: Format;
  readonly options: Options;
}

/** A format in which sharp writes several pages: in any other format they become one tall picture. */
export type AnimationCodec = Codec<'gif', GifOptions> | Codec<'webp', WebpOptions>;

/** A format in which sharp writes one picture. */
export type StillCodec =
  | AnimationCodec
  | Codec<'avif', AvifOptions>
  | Codec<'jpeg', JpegOptions>
  | Codec<'png', PngOptions>;

const VIDEO_SIDE = { default: LARGEST_SIDE, max: LARGEST_SIDE };
/** 3,840 × 2,160. x264 holds a few pictures. */
const H264_PIXELS = 8_294_400;
/** 2 million, as the largest frame by default has. libvpx takes 70 MiB for a million random pixels, whatever its number of threads. */
const VP9_PIXELS = 2048 * 1024;
// A WebP of 4096 pixels takes 750 MB of memory and minutes.
const ANIMATION_SIDE = { default: 480, max: 1024 };

/**
 * Everything that a tape can be baked to, in the order in which it is made: people wait for the first. Request schema, storage
 * keys, content types, command line and dashboard follow from this table.
 */
export const OUTPUTS = {
  mp4: {
    form: 'video',
    container: 'mp4',
    constantRate: false,
    maxPixels: H264_PIXELS,
    ending: '.mp4',
    contentType: 'video/mp4',
    side: VIDEO_SIDE,
    dashboard: { place: 'player', rank: 1 },
    cli: 'format',
  },
  thumbnail: {
    form: 'still',
    formats: {
      jpeg: {
        codec: { format: 'jpeg', options: { quality: 90, chromaSubsampling: '4:4:4' } },
        ending: '-thumb.jpg',
        contentType: 'image/jpeg',
      },
      png: {
        codec: { format: 'png', options: { compressionLevel: 9 } },
        ending: '-thumb.png',
        contentType: 'image/png',
      },
      webp: {
        codec: { format: 'webp', options: { quality: 90, smartSubsample: true } },
        // libwebp holds the whole picture, several times.
        maxSide: 2048,
        ending: '-thumb.webp',
        contentType: 'image/webp',
      },
    },
    side: { default: 512, max: LARGEST_SIDE },
    dashboard: { place: 'image', rank: 1 },
    cli: 'always',
  },
  webm: {
    form: 'video',
    container: 'webm',
    constantRate: false,
    maxPixels: VP9_PIXELS,
    ending: '.webm',
    contentType: 'video/webm',
    side: VIDEO_SIDE,
    dashboard: { place: 'player', rank: 2 },
    cli: 'format',
  },
  share: {
    form: 'video',
    container: 'mp4',
    constantRate: true,
    maxPixels: H264_PIXELS,
    ending: '-share.mp4',
    contentType: 'video/mp4',
    side: { default: 1920, max: 1920 },
    dashboard: { place: 'link' },
    cli: 'format',
  },
  gif: {
    form: 'animation',
    codec: { format: 'gif', options: { dither: 0, effort: 3, interPaletteMaxError: 0 } },
    ending: '.gif',
    contentType: 'image/gif',
    side: ANIMATION_SIDE,
    dashboard: { place: 'image', rank: 3 },
    cli: 'format',
  },
  webp: {
    form: 'animation',
    codec: { format: 'webp', options: { quality: 80, effort: 2 } },
    ending: '.webp',
    contentType: 'image/webp',
    side: ANIMATION_SIDE,
    dashboard: { place: 'image', rank: 2 },
    cli: 'format',
  },
} as const satisfies Readonly<Record<string, VideoFacts | AnimationFacts | StillFacts>>;

export type OutputKind = keyof typeof OUTPUTS;

/** The formats of a still, the usual one first. */
export const STILL_FORMATS = Object.keys(OUTPUTS.thumbnail.formats) as StillFormat[];
export type StillFormat = keyof (typeof OUTPUTS)['thumbnail']['formats'];

/** The moments of a tape that have a name. */
export const MOMENTS = ['first', 'middle', 'last'] as const;
/** A moment of a tape: seconds from its start, or a name. `middle` is at half the time. */
export type Moment = (typeof MOMENTS)[number] | number;

export type Form = (typeof OUTPUTS)[OutputKind]['form'];

type KindWhere<Facts> = {
  [Kind in OutputKind]: (typeof OUTPUTS)[Kind] extends Facts ? Kind : never;
}[OutputKind];
export type KindOf<F extends Form> = KindWhere<{ readonly form: F }>;
export type VideoKind = KindOf<'video'>;
/** The kinds that --format of `oven bake` offers. */
export type FormatKind = KindWhere<{ readonly cli: 'format' }>;

export const OUTPUT_KINDS = Object.keys(OUTPUTS) as OutputKind[];

export function hasForm<F extends Form>(kind: OutputKind, form: F): kind is KindOf<F> {
  return OUTPUTS[kind].form === form;
}

/** One thing to bake. */
export interface OutputRequest {
  readonly kind: OutputKind;
  /** How many times each pixel is enlarged; `auto` when left out. A still is always fitted into its side. */
  readonly scale?: Scale | undefined;
  /** Pixels of the longer side at most. */
  readonly maxSide?: number | undefined;
  /** What a still shows; `middle` when left out. */
  readonly at?: Moment | undefined;
  /** The format of a still; JPEG when left out. */
  readonly format?: StillFormat | undefined;
  /** Pictures a second of a share video. */
  readonly fps?: ShareFps | undefined;
  readonly frame?: ShareFrame | undefined;
  /** The colour around the tape in a frame that has another shape; black when left out. */
  readonly background?: Background | undefined;
  /** Whether a share video of a tape without sound has a silent sound track; true when left out. */
  readonly silence?: boolean | undefined;
}

/** The options that only one kind has, with the values that hold where a request has none. */
export const KIND_OPTIONS = {
  thumbnail: { at: 'middle', format: STILL_FORMATS[0]! },
  share: { fps: SHARE_FPS[0], frame: SHARE_FRAMES[0], background: '#000000', silence: true },
} as const satisfies Partial<Record<OutputKind, Partial<OutputRequest>>>;

export const DEFAULT_OUTPUTS = [
  { kind: 'mp4' },
  { kind: 'thumbnail' },
] as const satisfies readonly OutputRequest[];

/** The types that the file of a kind can have, the usual one first. */
export function fileTypes(kind: OutputKind): readonly FileType[] {
  const output = OUTPUTS[kind];
  return output.form === 'still' ? Object.values(output.formats) : [output];
}

/** The type of an output's file. */
export function fileType(kind: OutputKind, format: StillFormat = 'jpeg'): FileType {
  const output = OUTPUTS[kind];
  return output.form === 'still' ? output.formats[format] : output;
}

/** The name of an output's file, for a tape whose files are named `name`. */
export function outputFileName(name: string, kind: OutputKind, format?: StillFormat): string {
  return `${name}${fileType(kind, format).ending}`;
}

/** Pixels that an output's longer side has at most, for the `maxSide` of a request. */
export function sideLimit(kind: OutputKind, maxSide?: number): number {
  const { side } = OUTPUTS[kind];
  return Math.min(maxSide ?? side.default, side.max);
}

/** Pixels that a still's longer side has at most in this format. */
export function stillSide(kind: KindOf<'still'>, format: StillFormat, maxSide?: number): number {
  const { [format]: facts }: StillFacts['formats'] = OUTPUTS[kind].formats;
  return Math.min(sideLimit(kind, maxSide), facts?.maxSide ?? LARGEST_SIDE);
}

/** Requests in the order in which they are made. The last one of a kind wins. */
export function inOrder(requests: readonly OutputRequest[]): OutputRequest[] {
  const byKind = new Map(requests.map((request) => [request.kind, request]));
  return OUTPUT_KINDS.flatMap((kind) => byKind.get(kind) ?? []);
}
