import type { Pictures } from '../frames/pictures.ts';
import {
  type Container,
  KIND_OPTIONS,
  OUTPUTS,
  type OutputRequest,
  sideLimit,
  type VideoKind,
} from '../outputs.ts';
import { planConstantSamples, planShareSize } from '../plan/share.ts';
import { planScale } from '../plan/size.ts';
import { TICKS_PER_MS, TICKS_PER_SECOND } from '../plan/timeline.ts';
import type { UnpackedSound } from '../sound/unpack.ts';
import { encodedRate, type PicturesPlan, type SoundPlan } from './command.ts';
import type { Content } from './content.ts';
import { type Piece, planPieces } from './pieces.ts';
import { INDEX_RATE, peakRate, planReorderedSamples, planSamples, type Sample } from './samples.ts';
import { endsInOrder, gainsByReordering, isLarge } from './x264.ts';

/** A video as it is to be made. */
export interface VideoPlan extends Omit<PicturesPlan, 'blend'> {
  /** The samples of its picture track, in the order in which they are shown. */
  readonly samples: readonly Sample[];
  /** The samples in pieces, each for an encoder. */
  readonly pieces: readonly Piece[];
}

/** How a video is encoded, apart from what its request says. */
export interface Encoding {
  readonly content: Content;
  /** Encoders that may share the pictures, where that gains time. */
  readonly encoders: number;
}

/** Ticks in the container's unit of time: an MP4 counts in ticks, a WebM in milliseconds. */
const TICKS_PER_UNIT: Readonly<Record<Container, number>> = { mp4: 1, webm: TICKS_PER_MS };

/** B-frames gain nothing for fewer pictures. */
const MIN_PICTURES_FOR_B_FRAMES = 8;

/** What a plan of a video needs of the pictures. */
type PictureFacts = Pick<Pictures, 'width' | 'height' | 'alpha' | 'timeline'>;

/** Plans the size of a video, its samples and the kind of its stream. Pure. */
export function planVideo(
  kind: VideoKind,
  pictures: PictureFacts,
  request: Omit<OutputRequest, 'kind'>,
  encoding: Encoding,
): VideoPlan {
  return OUTPUTS[kind].constantRate
    ? planShare(pictures, request, encoding)
    : planExactVideo(kind, pictures, request, encoding);
}

/** Plans a video of constant rate. Pure. */
function planShare(
  { width, height, alpha, timeline }: PictureFacts,
  request: Omit<OutputRequest, 'kind'>,
  { content }: Encoding,
): VideoPlan {
  const usual = KIND_OPTIONS.share;
  const { fps = usual.fps, frame = usual.frame, background = usual.background, scale = 'auto' } = request;
  const size = { frame, background, fps, scale, maxSide: sideLimit('share', request.maxSide) };
  const samples = planConstantSamples(timeline, fps);
  return {
    container: 'mp4',
    geometry: planShareSize(width, height, size),
    alpha,
    content,
    samples,
    // One encoder holds the limited rate that sites ask for.
    pieces: planPieces(samples, 0, 1),
    encoders: 1,
    reorder: false,
    peakRate: fps,
    repeatsFrom: 0,
    rate: fps,
    constantRate: true,
  };
}

/** Plans a video in which each picture has the time of the tape. Pure. */
function planExactVideo(
  kind: VideoKind,
  { width, height, alpha, timeline }: PictureFacts,
  { scale = 'auto', maxSide }: Omit<OutputRequest, 'kind'>,
  { content, encoders }: Encoding,
): VideoPlan {
  const { container } = OUTPUTS[kind];
  const geometry = planScale(width, height, scale, sideLimit(kind, maxSide), OUTPUTS[kind].maxPixels);
  const { pictures } = timeline;
  const pixels = geometry.width * geometry.height;
  const gains =
    container === 'mp4' && pictures.length >= MIN_PICTURES_FOR_B_FRAMES && gainsByReordering(content, pixels);
  const piecesOf = (samples: readonly Sample[]) =>
    planPieces(samples, pixels, container === 'mp4' && !isLarge(pixels) ? encoders : 1);
  const reordered = gains
    ? planReorderedSamples(timeline, (samples) => endsInOrder(samples, piecesOf(samples)))
    : undefined;
  const samples = reordered ?? planSamples(timeline, TICKS_PER_UNIT[container]);
  const pieces = piecesOf(samples);
  const last = samples.findIndex(({ picture }) => picture === samples.at(-1)!.picture);
  return {
    container,
    geometry,
    alpha,
    content,
    samples,
    pieces,
    encoders: pieces.length,
    reorder: reordered !== undefined,
    peakRate: peakRate(samples),
    repeatsFrom: last + 1,
    rate: INDEX_RATE,
    constantRate: false,
  };
}

/** Audio samples a second of a share video: every site takes 48 kHz. */
const SHARE_SOUND_RATE = 48_000;

/** Plans the sound track of a video: the sound as it is, or for sites in stereo and as long as the pictures. Pure. */
export function planSound(
  { container, constantRate, samples }: Pick<VideoPlan, 'container' | 'constantRate' | 'samples'>,
  sound: UnpackedSound,
  pad: boolean,
): SoundPlan {
  const padded = constantRate && pad;
  return {
    container,
    sampleRate: constantRate ? SHARE_SOUND_RATE : encodedRate(container, sound.sampleRate),
    channels: constantRate || sound.channels > 1 ? 2 : 1,
    seconds: padded ? samples.at(-1)!.end / TICKS_PER_SECOND : sound.seconds,
    padded,
  };
}
