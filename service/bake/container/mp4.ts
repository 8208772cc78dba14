import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import type { EncodedPacket, StreamTarget, StreamTargetChunk } from 'mediabunny';
import { TICKS_PER_SECOND } from '../plan/timeline.ts';
import { interleave, type PictureTrack, type SoundTrack, type TimedPacket } from './packets.ts';

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

/** Boxes that hold nothing but boxes, on the way to those that name places in the file. */
const FOLDERS = ['moov', 'trak', 'mdia', 'minf', 'stbl'];
const HEADER = 8;

/** An MP4 as it was written: what comes first (`ftyp`), the data (`mdat`), and the index (`moov`), which is known last. */
export interface Written {
  readonly path: string;
  readonly first: Uint8Array;
  readonly index: Uint8Array;
  /** Where the index begins in the file. */
  readonly indexAt: number;
}

/** Writes the MP4 anew with its index before its data, so that a player can begin before it has all. */
export async function writeIndexFirst({ path, first, index, indexAt }: Written, to: string): Promise<void> {
  const head = Buffer.concat([first, index]);
  settle(head.subarray(first.length), index.length);
  const data = createReadStream(path, { start: first.length, end: indexAt - 1 });
  await pipeline(async function* () {
    yield head;
    yield* data;
  }, createWriteStream(to));
}

/** Changes boxes in place: places in the file move by `bytes`, and when the file was made is left out, so that the same tape gives the same bytes. */
function settle(boxes: Buffer, bytes: number): void {
  for (let at = 0; at < boxes.length; ) {
    const size = boxes.readUInt32BE(at);
    const type = boxes.toString('latin1', at + 4, at + 8);
    const content = boxes.subarray(at + HEADER, at + size);
    if (FOLDERS.includes(type)) settle(content, bytes);
    if (type === 'stco')
      move(content, 4, (place) => content.writeUInt32BE(content.readUInt32BE(place) + bytes, place));
    if (type === 'co64')
      move(content, 8, (place) =>
        content.writeBigUInt64BE(content.readBigUInt64BE(place) + BigInt(bytes), place),
      );
    // Version 1 has times of eight bytes.
    if (['mvhd', 'tkhd', 'mdhd'].includes(type)) content.fill(0, 4, content[0] === 1 ? 20 : 12);
    at += size;
  }
}

/** The places of a chunk offset box: version and flags, their number, and then each in so many bytes. */
function move(content: Buffer, bytes: number, change: (place: number) => void): void {
  const count = content.readUInt32BE(4);
  for (let n = 0; n < count; n++) change(8 + n * bytes);
}

/**
 * Loads what reads videos and writes MP4s, once. As one file it takes a quarter of the time that its modules would take one by one, and
 * all of it passes beside the encoder when it is asked for early.
 */
export function loadMediabunny(): typeof import('mediabunny') {
  return createRequire(import.meta.url)('mediabunny');
}
