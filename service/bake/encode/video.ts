import { runAllOrStop } from '../../lib/run-all.ts';
import { writeMp4 } from '../container/mp4.ts';
import { type Packet, readPackets, type SoundTrack, type TimedPacket } from '../container/packets.ts';
import { writeWebm } from '../container/webm.ts';
import { BakeError } from '../errors.ts';
import type { RunOptions } from '../ffmpeg.ts';
import { INDEX_RATE, type Sample, TICKS_PER_SECOND } from '../plan/timeline.ts';
import type { UnpackedSound } from '../sound/unpack.ts';
import { diskFull } from '../temp-folder.ts';
import { type PicturesPlan, pictureArguments, soundArguments, type VideoKind } from './command.ts';
import { runEncoder } from './run-encoder.ts';

/** Everything a video is made from. */
export interface VideoPlan extends PicturesPlan {
  readonly samples: readonly Sample[];
  readonly sound: UnpackedSound | undefined;
  readonly output: string;
}

/** How it is made. */
export interface VideoWork extends RunOptions {
  /** Begins to give the samples' pictures, from the first. */
  readonly feed: () => AsyncIterable<Uint8Array>;
  readonly onSamples: (samples: number) => void;
}

/**
 * Makes a video: pictures and sound are encoded side by side, and written with the times that were planned. Pictures are taken to be
 * opaque until one turns out not to be: then they begin again, laying all of them on black. Throws as `runEncoder`.
 */
export async function encodeVideo(plan: VideoPlan, work: VideoWork): Promise<void> {
  let sound: Promise<SoundTrack | undefined> = Promise.resolve(undefined);
  await runAllOrStop<unknown>(
    work.signal,
    async (signal) => {
      if (plan.sound) sound = encodeSound(plan.kind, plan.sound, { ...work, signal });
      await sound;
    },
    async (signal) => {
      const transparent = new AbortController();
      const either = AbortSignal.any([signal, transparent.signal]);
      try {
        await encodePictures(plan, sound, { ...work, signal: either }, () => transparent.abort());
        transparent.signal.throwIfAborted();
      } catch (error) {
        if (signal.aborted || !transparent.signal.aborted) throw error;
        await encodePictures({ ...plan, blend: true }, sound, { ...work, signal });
      }
    },
  );
}

async function encodePictures(
  plan: VideoPlan,
  sound: Promise<SoundTrack | undefined>,
  work: VideoWork,
  onTransparency?: () => void,
): Promise<void> {
  const { kind, output, samples, geometry } = plan;
  const take = async (bytes: AsyncIterable<Uint8Array>) => {
    const { track, packets } = await readPackets(bytes);
    const { width, height } = geometry;
    const { description } = track;
    const pictures = { description, width, height, packets: timed(packets, samples, work.onSamples) };
    const heard = await sound;
    try {
      if (kind === 'mp4') await writeMp4(output, pictures, heard);
      else await writeWebm(output, pictures, heard, samples.at(-1)!.end / TICKS_PER_SECOND);
    } catch (cause) {
      throw diskFull(cause) ?? cause;
    }
  };
  await runEncoder(
    pictureArguments(plan),
    { input: work.feed(), take, ...(onTransparency && { onTransparency }) },
    work,
  );
}

/** Gives every packet, which came under the number of its sample, that sample's time. Throws VERIFY_FAILED where one is missing. */
async function* timed(
  packets: AsyncIterable<Packet>,
  samples: readonly Sample[],
  onSamples: (samples: number) => void,
): AsyncGenerator<TimedPacket> {
  let count = 0;
  for await (const { data, key, time } of packets) {
    const number = Math.round((time * INDEX_RATE) / 1000);
    const sample = samples[number];
    if (!sample)
      throw new BakeError('VERIFY_FAILED', `The encoder gave a picture ${number} of ${samples.length}.`);
    const [start, end] = [sample.start / TICKS_PER_SECOND, sample.end / TICKS_PER_SECOND];
    yield { data, key, start, end, last: number === samples.length - 1 };
    onSamples(++count);
  }
  if (count !== samples.length) {
    throw new BakeError('VERIFY_FAILED', `The encoder gave ${count} pictures instead of ${samples.length}.`);
  }
}

/** Samples at the beginning of ffmpeg's AAC that stand before the sound. */
const AAC_DELAY = 1024;
/** Samples in a packet of AAC, at the rate of the sound. */
const AAC_PACKET = 1024;
/** Opus has this rate, whatever it was given, and packets of 20 ms. */
const OPUS_RATE = 48_000;
const OPUS_PACKET = OPUS_RATE / 50;
/** Where the header of Opus (RFC 7845) tells how many samples stand before the sound. */
const OPUS_DELAY_AT = 10;

/** Encodes the sound, and gives each packet its time by counting. Throws what `runEncoder` does. */
export async function encodeSound(
  kind: VideoKind,
  sound: UnpackedSound,
  watch: RunOptions,
): Promise<SoundTrack> {
  return await runEncoder(soundArguments(kind, sound), { take: (bytes) => take(kind, sound, bytes) }, watch);
}

async function take(
  kind: VideoKind,
  { seconds }: UnpackedSound,
  bytes: AsyncIterable<Uint8Array>,
): Promise<SoundTrack> {
  const { track, packets } = await readPackets(bytes);
  const data: Uint8Array[] = [];
  for await (const packet of packets) data.push(packet.data);
  const { delay, each } = kind === 'mp4' ? aac(track.sampleRate) : opus(track.description);
  const needed = Math.min(data.length, Math.ceil((delay + seconds) / each));
  const end = needed * each - delay;
  const surplus = Math.max(0, end - seconds);
  return {
    ...track,
    packets: data.slice(0, needed).map((data, n) => {
      const last = n === needed - 1;
      const start = n * each - delay;
      return { data, key: true, start, end: last ? end - surplus : start + each, last };
    }),
    delay,
    surplus,
  };
}

/** Seconds before the sound, and seconds of a packet. */
function aac(rate: number) {
  return { delay: AAC_DELAY / rate, each: AAC_PACKET / rate };
}

function opus({ buffer, byteOffset }: Uint8Array) {
  const delay = new DataView(buffer, byteOffset).getUint16(OPUS_DELAY_AT, true);
  return { delay: delay / OPUS_RATE, each: OPUS_PACKET / OPUS_RATE };
}
