import { writeMp4 } from '../container/mp4.ts';
import { type Packet, readPackets } from '../container/packets.ts';
import type { SoundTrack, TimedPacket } from '../container/track.ts';
import { writeWebm } from '../container/webm.ts';
import { BakeError } from '../errors.ts';
import { TICKS_PER_SECOND } from '../plan/pictures.ts';
import { INDEX_RATE, type Sample } from '../plan/samples.ts';
import { together } from '../together.ts';
import type { UnpackedSound } from '../unpack.ts';
import { diskFull } from '../workspace.ts';
import { type PicturesPlan, pictureArguments } from './command.ts';
import { runFfmpeg, type Watch } from './ffmpeg.ts';
import { encodeSound } from './sound.ts';

/** Everything a video is made from. */
export interface VideoPlan extends PicturesPlan {
  readonly samples: readonly Sample[];
  readonly sound: UnpackedSound | undefined;
  readonly output: string;
}

/** How it is made. */
export interface VideoWork extends Watch {
  /** Begins to give the samples' pictures, from the first. */
  readonly feed: () => AsyncIterable<Uint8Array>;
  readonly onSamples: (samples: number) => void;
}

/**
 * Makes a video: pictures and sound are encoded side by side, and written with the times that were planned. Pictures are taken to be
 * opaque until one turns out not to be: then they begin again, laying all of them on black. Throws as `runFfmpeg`.
 */
export async function encodeVideo(plan: VideoPlan, work: VideoWork): Promise<void> {
  let sound: Promise<SoundTrack | undefined> = Promise.resolve(undefined);
  await together<unknown>(
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
  await runFfmpeg(
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
