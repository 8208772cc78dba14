import { type FileHandle, open, rm } from 'node:fs/promises';
import type { EncodedPacket, StreamTarget, StreamTargetChunk } from 'mediabunny';
import { TICKS_PER_SECOND } from '../plan/pictures.ts';
import { type Written, writeIndexFirst } from './index-first.ts';
import { loadMediabunny } from './mediabunny.ts';
import type { TimedPacket } from './track.ts';
import { interleave, type PictureTrack, type SoundTrack } from './track.ts';

const BT709 = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
/** Low complexity, the only kind that ffmpeg's encoder makes. */
const AAC = { codec: 'mp4a.40.2' };

/**
 * Writes an MP4 at `path`, with another file beside it while it works. Every sample lasts until the next one in the order of
 * decoding, so the picture shown last must come last. Throws what reading `packets` does, and errors of the file system.
 */
export async function writeMp4(
  path: string,
  pictures: PictureTrack,
  sound: SoundTrack | undefined,
): Promise<void> {
  const unordered = `${path}.data`;
  const file = await open(unordered, 'w');
  try {
    const written = await writeUnordered(file, pictures, sound);
    await writeIndexFirst({ path: unordered, ...written }, path);
  } finally {
    await file.close();
    await rm(unordered, { force: true });
  }
}

async function writeUnordered(
  file: FileHandle,
  pictures: PictureTrack,
  sound: SoundTrack | undefined,
): Promise<Omit<Written, 'path'>> {
  const { EncodedAudioPacketSource, EncodedVideoPacketSource, Mp4OutputFormat, Output } = loadMediabunny();
  let first: Uint8Array = new Uint8Array();
  let [index, indexAt] = [first, 0];
  const format = new Mp4OutputFormat({
    fastStart: false,
    onFtyp: (data) => {
      first = data;
    },
    onMoov: (data, at) => {
      [index, indexAt] = [data, at];
    },
  });
  const output = new Output({ format, target: targetOf(file) });
  const video = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(video, { frameRate: TICKS_PER_SECOND });
  const audio = new EncodedAudioPacketSource('aac');
  if (sound) output.addAudioTrack(audio);
  await output.start();
  const pictureConfig = configOf(pictures);
  const soundConfig = sound && { ...AAC, ...sound, numberOfChannels: sound.channels };
  for await (const { of, packet } of interleave(pictures.packets, sound?.packets ?? [])) {
    if (of === 'pictures') await video.add(packetOf(packet), { decoderConfig: pictureConfig });
    else await audio.add(packetOf(packet), { decoderConfig: soundConfig! });
  }
  await output.finalize();
  return { first, index, indexAt };
}

function configOf({ description, width, height }: PictureTrack): VideoDecoderConfig {
  // Profile, what it keeps to, and level.
  const codec = `avc1.${Buffer.from(description.subarray(1, 4)).toString('hex')}`;
  return { codec, description, codedWidth: width, codedHeight: height, colorSpace: BT709 };
}

/** The library's own target for files would leave them open after a failure. */
function targetOf(file: FileHandle): StreamTarget {
  const { StreamTarget } = loadMediabunny();
  const writable = new WritableStream<StreamTargetChunk>({
    write: async ({ data, position }) => {
      await file.write(data, 0, data.length, position);
    },
  });
  return new StreamTarget(writable, { chunked: true });
}

function packetOf({ data, key, start, end }: TimedPacket): EncodedPacket {
  const { EncodedPacket } = loadMediabunny();
  return new EncodedPacket(data, key ? 'key' : 'delta', start, end - start);
}
