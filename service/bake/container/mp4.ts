import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import type { EncodedPacket, StreamTarget, StreamTargetChunk } from 'mediabunny';
import { TICKS_PER_SECOND } from '../plan/timeline.ts';
import { interleave, type PictureTrack, type SoundTrack, type TimedPacket } from './packets.ts';

const BT709 = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;
/** Low complexity, the only profile that ffmpeg's encoder makes. */
const AAC = { codec: 'mp4a.40.2' };

/**
 * Writes an MP4 at `path`, and a working file beside it. A sample lasts until the next one in the order of decoding, so the picture
 * shown last must come last. Throws what reading `packets` throws, and errors of the file system.
 */
export async function writeMp4(
  path: string,
  pictures: PictureTrack,
  sound: SoundTrack | undefined,
): Promise<void> {
  const workingPath = `${path}.data`;
  const file = await open(workingPath, 'w');
  try {
    const written = await writeIndexLast(file, pictures, sound);
    await writeIndexFirst({ path: workingPath, ...written }, path);
  } finally {
    await file.close();
    await rm(workingPath, { force: true });
  }
}

async function writeIndexLast(
  file: FileHandle,
  pictures: PictureTrack,
  sound: SoundTrack | undefined,
): Promise<Omit<IndexLastMp4, 'path'>> {
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
  // Profile, constraints and level.
  const codec = `avc1.${Buffer.from(description.subarray(1, 4)).toString('hex')}`;
  return { codec, description, codedWidth: width, codedHeight: height, colorSpace: BT709 };
}

/** A target that writes to `file`. The library's own target leaves its file open after a failure. */
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

/** Boxes that hold other boxes, on the way to those with places in the file. */
const PARENT_BOXES = ['moov', 'trak', 'mdia', 'minf', 'stbl'];
const HEADER_BYTES = 8;

/** An MP4 whose index comes last: the file type (`ftyp`), the data (`mdat`), and the index (`moov`). */
export interface IndexLastMp4 {
  readonly path: string;
  readonly first: Uint8Array;
  readonly index: Uint8Array;
  /** Place of the index in the file. */
  readonly indexAt: number;
}

/** Writes the MP4 anew with its index before its data, so that a player can begin before it has the whole file. */
export async function writeIndexFirst(
  { path, first, index, indexAt }: IndexLastMp4,
  to: string,
): Promise<void> {
  const head = Buffer.concat([first, index]);
  moveIndex(head.subarray(first.length), index.length);
  await pipeline(async function* () {
    yield head;
    // Opened here, where its error is heard: anywhere else it would end the process.
    yield* createReadStream(path, { start: first.length, end: indexAt - 1 });
  }, createWriteStream(to));
}

/** Changes boxes in place: moves places in the file by `bytes`, and clears the time of writing, so that the same tape gives the same bytes. */
function moveIndex(boxes: Buffer, bytes: number): void {
  for (let at = 0; at < boxes.length; ) {
    const size = boxes.readUInt32BE(at);
    const type = boxes.toString('latin1', at + 4, at + 8);
    const content = boxes.subarray(at + HEADER_BYTES, at + size);
    if (PARENT_BOXES.includes(type)) moveIndex(content, bytes);
    if (type === 'stco')
      changeOffsets(content, 4, (place) => content.writeUInt32BE(content.readUInt32BE(place) + bytes, place));
    if (type === 'co64')
      changeOffsets(content, 8, (place) =>
        content.writeBigUInt64BE(content.readBigUInt64BE(place) + BigInt(bytes), place),
      );
    // Version 1 has times of eight bytes.
    if (['mvhd', 'tkhd', 'mdhd'].includes(type)) content.fill(0, 4, content[0] === 1 ? 20 : 12);
    at += size;
  }
}

/** Visits the places in a chunk offset box: version and flags, the number of places, and each place in `bytes` bytes. */
function changeOffsets(content: Buffer, bytes: number, change: (place: number) => void): void {
  const count = content.readUInt32BE(4);
  for (let n = 0; n < count; n++) change(8 + n * bytes);
}

/**
 * Loads mediabunny, which reads videos and writes MP4s, once. As one CommonJS file it loads in a quarter of the time of its modules.
 * Where it is loaded early, the encoder works meanwhile.
 */
export function loadMediabunny(): typeof import('mediabunny') {
  return createRequire(import.meta.url)('mediabunny');
}
