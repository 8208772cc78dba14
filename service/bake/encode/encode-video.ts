import { runAllOrStop } from '../../lib/run-all.ts';
import { fileHead, pictureHead } from '../container/matroska.ts';
import { writeMp4 } from '../container/mp4.ts';
import { type Packet, readPackets, type SoundTrack, type TimedPacket } from '../container/packets.ts';
import { writeWebm } from '../container/webm.ts';
import { BakeError } from '../errors.ts';
import type { RunOptions } from '../ffmpeg.ts';
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
import { diskFull } from '../temp-folder.ts';
import {
  encodedRate,
  type PicturesPlan,
  pictureArguments,
  type SoundPlan,
  soundArguments,
} from './command.ts';
import type { Content } from './content.ts';
import { runEncoder } from './run-encoder.ts';
import { INDEX_RATE, peakRate, planReorderedSamples, planSamples, type Sample } from './samples.ts';
import { endsInOrder, gainsByReordering } from './x264.ts';

/** A video as it is to be made. */
export interface VideoPlan extends Omit<PicturesPlan, 'blend'> {
  /** The samples of its picture track, in the order in which they are shown. */
  readonly samples: readonly Sample[];
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
  content: Content,
): VideoPlan {
  return OUTPUTS[kind].constantRate
    ? planShare(pictures, request, content)
    : planExactVideo(kind, pictures, request, content);
}

/** Plans a video of constant rate. Pure. */
function planShare(
  { width, height, alpha, timeline }: PictureFacts,
  request: Omit<OutputRequest, 'kind'>,
  content: Content,
): VideoPlan {
  const usual = KIND_OPTIONS.share;
  const { fps = usual.fps, frame = usual.frame, background = usual.background, scale = 'auto' } = request;
  const size = { frame, background, fps, scale, maxSide: sideLimit('share', request.maxSide) };
  return {
    container: 'mp4',
    geometry: planShareSize(width, height, size),
    alpha,
    content,
    samples: planConstantSamples(timeline, fps),
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
  content: Content,
): VideoPlan {
  const { container } = OUTPUTS[kind];
  const geometry = planScale(width, height, scale, sideLimit(kind, maxSide), OUTPUTS[kind].maxPixels);
  const { pictures } = timeline;
  const gains =
    container === 'mp4' &&
    pictures.length >= MIN_PICTURES_FOR_B_FRAMES &&
    gainsByReordering(content, geometry.width * geometry.height);
  const reordered = gains ? planReorderedSamples(timeline, endsInOrder) : undefined;
  const samples = reordered ?? planSamples(timeline, TICKS_PER_UNIT[container]);
  const last = samples.findIndex(({ picture }) => picture === samples.at(-1)!.picture);
  return {
    container,
    geometry,
    alpha,
    content,
    samples,
    reorder: reordered !== undefined,
    peakRate: peakRate(samples),
    repeatsFrom: last + 1,
    rate: INDEX_RATE,
    constantRate: false,
  };
}

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

/**
 * Writes a video at `output`: encodes pictures and sound side by side, and gives them their planned times. The pictures are taken
 * as opaque. At the first transparent pixel their encoding begins again, and lays all of them on black. `onSamples` hears how many
 * samples are encoded. Throws what `runEncoder` and `Pictures.readAll` throw, VERIFY_FAILED, or DISK_FULL.
 */
export async function encodeVideo(
  plan: VideoPlan,
  pictures: Pictures,
  tapeSound: { readonly plan: SoundPlan; readonly sound: UnpackedSound } | undefined,
  output: string,
  run: RunOptions,
  onSamples: (samples: number) => void,
): Promise<void> {
  await runAllOrStop<unknown>(run.signal, (signal) => {
    const sound = tapeSound
      ? encodeSound(tapeSound.plan, tapeSound.sound, { ...run, signal })
      : Promise.resolve(undefined);
    const encode: EncodePictures = (blend, signalOfRun, onTransparency) =>
      runEncoder(
        pictureArguments({ ...plan, blend }),
        {
          input: toMatroska(pictures, plan, signal),
          take: (bytes) => writeVideo(plan, bytes, sound, output, onSamples),
          ...(onTransparency && { onTransparency }),
        },
        { ...run, signal: signalOfRun },
      );
    return [sound, blendWhereNeeded(encode, signal)];
  });
}

/** Encodes the pictures, laid on black where `blend` says so. */
type EncodePictures = (blend: boolean, signal: AbortSignal, onTransparency?: () => void) => Promise<void>;

async function blendWhereNeeded(encode: EncodePictures, signal: AbortSignal): Promise<void> {
  const transparent = new AbortController();
  try {
    await encode(false, AbortSignal.any([signal, transparent.signal]), () => transparent.abort());
    transparent.signal.throwIfAborted();
  } catch (error) {
    if (signal.aborted || !transparent.signal.aborted) throw error;
    await encode(true, signal);
  }
}

const MICROSECONDS = 1_000_000;
/** Audio samples a second of a share video: every site takes 48 kHz. */
const SHARE_SOUND_RATE = 48_000;

/**
 * The samples' pictures as the Matroska file that ffmpeg reads, made while it is read: nothing is written to the disk, and the
 * encoder works while the tape is still being unpacked. Throws as `Pictures.readAll`.
 */
async function* toMatroska(
  pictures: Pictures,
  { samples, rate, constantRate }: VideoPlan,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield fileHead(pictures.width, pictures.height, rate);
  let next = 0;
  for await (const { picture, png } of pictures.readAll(signal)) {
    for (let first = true; samples[next]?.picture === picture; next++, first = false) {
      // The encoder repeats pictures by itself, up to the last sample.
      if (constantRate && !first && next < samples.length - 1) continue;
      yield pictureHead((next * MICROSECONDS) / rate, png.length);
      yield png;
    }
  }
}

async function writeVideo(
  { container, samples, geometry, rate }: VideoPlan,
  bytes: AsyncIterable<Uint8Array>,
  sound: Promise<SoundTrack | undefined>,
  output: string,
  onSamples: (samples: number) => void,
): Promise<void> {
  const { track, packets } = await readPackets(bytes);
  const pictureTrack = {
    description: track.description,
    width: geometry.width,
    height: geometry.height,
    packets: withTimes(packets, samples, rate, onSamples),
  };
  const soundTrack = await sound;
  try {
    if (container === 'mp4') await writeMp4(output, pictureTrack, soundTrack);
    else await writeWebm(output, pictureTrack, soundTrack, samples.at(-1)!.end / TICKS_PER_SECOND);
  } catch (cause) {
    throw diskFull(cause) ?? cause;
  }
}

/** Gives each packet, which comes under the number of its sample, the time of that sample. Throws VERIFY_FAILED where one is missing. */
async function* withTimes(
  packets: AsyncIterable<Packet>,
  samples: readonly Sample[],
  rate: number,
  onSamples: (samples: number) => void,
): AsyncGenerator<TimedPacket> {
  let count = 0;
  for await (const { data, key, time } of packets) {
    const number = Math.round((time * rate) / 1000);
    const sample = samples[number];
    if (!sample) {
      throw new BakeError('VERIFY_FAILED', `The encoder gave a picture ${number} of ${samples.length}.`);
    }
    yield {
      data,
      key,
      start: sample.start / TICKS_PER_SECOND,
      end: sample.end / TICKS_PER_SECOND,
      last: number === samples.length - 1,
    };
    onSamples(++count);
  }
  if (count !== samples.length) {
    throw new BakeError('VERIFY_FAILED', `The encoder gave ${count} pictures instead of ${samples.length}.`);
  }
}

/** Audio samples that ffmpeg's AAC puts before the sound. */
const AAC_DELAY = 1024;
/** Audio samples in a packet of AAC, at the rate of the sound. */
const AAC_PACKET = 1024;
/** Opus always has this rate inside, and packets of 20 ms. */
const OPUS_RATE = 48_000;
const OPUS_PACKET = OPUS_RATE / 50;
/** The place in the header of Opus (RFC 7845) that tells how many audio samples stand before the sound. */
const OPUS_DELAY_AT = 10;

/** Encodes the sound, and gives each packet its time by counting. Throws as `runEncoder`. */
async function encodeSound(plan: SoundPlan, sound: UnpackedSound, run: RunOptions): Promise<SoundTrack> {
  const take = async (bytes: AsyncIterable<Uint8Array>) => {
    const { track, packets } = await readPackets(bytes);
    const data: Uint8Array[] = [];
    for await (const packet of packets) data.push(packet.data);
    const { delay, each } =
      plan.container === 'mp4' ? aacTimes(track.sampleRate) : opusTimes(track.description);
    return { ...track, ...cutToEnd(data, delay, each, plan.seconds), delay };
  };
  return await runEncoder(soundArguments(plan, sound), { take }, run);
}

/** Leaves out the packets after the sound's end. `delay` is the time before the sound, `each` that of a packet, both in seconds. */
function cutToEnd(
  data: readonly Uint8Array[],
  delay: number,
  each: number,
  seconds: number,
): Pick<SoundTrack, 'packets' | 'surplus'> {
  const needed = Math.min(data.length, Math.ceil((delay + seconds) / each));
  const end = needed * each - delay;
  const surplus = Math.max(0, end - seconds);
  const packets = data.slice(0, needed).map((data, n) => {
    const last = n === needed - 1;
    const start = n * each - delay;
    return { data, key: true, start, end: last ? end - surplus : start + each, last };
  });
  return { packets, surplus };
}

/** Seconds before the sound, and seconds of a packet. */
function aacTimes(rate: number) {
  return { delay: AAC_DELAY / rate, each: AAC_PACKET / rate };
}

function opusTimes({ buffer, byteOffset }: Uint8Array) {
  const delay = new DataView(buffer, byteOffset).getUint16(OPUS_DELAY_AT, true);
  return { delay: delay / OPUS_RATE, each: OPUS_PACKET / OPUS_RATE };
}
