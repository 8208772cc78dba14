import { element, elementHead, elementId, text, UNKNOWN_SIZE, unsigned } from '../container/ebml.ts';
import type { Tape } from '../open/tape.ts';
import { INDEX_RATE, type Sample, type Schedule } from '../plan/timeline.ts';
import { WrongAssumption } from './assumptions.ts';
import type { Frame, Frames } from './frames.ts';

/** What is shown when, the frames, and which of them were taken to equal the one before. */
export interface FrameTimeline {
  readonly schedule: Schedule;
  readonly repeats: readonly boolean[];
  readonly frames: Frames;
}

const MICROSECONDS = 1_000_000;

/**
 * The samples' pictures as the Matroska file that ffmpeg reads, made while it is read: nothing is written to the disk, and the
 * encoder works while the tape is still being unpacked. Every frame is read and verified, also those that aren't
 * shown. Throws what is wrong with a frame, WrongAssumption, or the signal's reason.
 */
export async function* feedPictures(
  tape: Tape,
  showing: FrameTimeline,
  samples: readonly Sample[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield fileHead(tape.width, tape.height, INDEX_RATE);
  let next = 0;
  for await (const { frame, picture } of shownFrames(tape, showing, signal)) {
    const png = await showing.frames.picture(frame);
    for (; samples[next]?.picture === picture; next++) {
      yield pictureHead((next * MICROSECONDS) / INDEX_RATE, png.length);
      yield png;
    }
  }
}

/** Verifies every frame, and decodes every picture, where nothing else does. Throws as `feedPictures`. */
export async function verifyFrames(tape: Tape, showing: FrameTimeline, signal: AbortSignal): Promise<void> {
  for await (const { frame } of shownFrames(tape, showing, signal)) await showing.frames.check(frame);
}

/** Reads every frame, and gives those that are pictures, by their number. */
async function* shownFrames(
  tape: Tape,
  { schedule, repeats, frames }: FrameTimeline,
  signal: AbortSignal,
): AsyncGenerator<{ readonly frame: Frame; readonly picture: number }> {
  let next = 0;
  let last: Buffer | undefined;
  for (let n = 0; n < tape.frames.length; n++) {
    signal.throwIfAborted();
    const frame = await frames.read(n);
    if (repeats[n] && !last?.equals(frame.bytes)) throw new WrongAssumption('repeats');
    last = frame.bytes;
    if (schedule.pictures[next]?.frame !== n) continue;
    yield { frame, picture: next };
    next += 1;
  }
}

/** Bytes of all pictures' PNGs together. */
export function pictureBytes(tape: Tape, { pictures }: Schedule): number {
  return pictures.reduce((sum, { frame }) => sum + tape.frames[frame]!.size, 0);
}

/*
 * A Matroska file of PNG pictures (RFC 9559): the plainest container that ffmpeg reads and that gives each picture a time of its
 * own. No library writes one with pictures of this kind.
 */

/** Nanoseconds of a timestamp's unit: microseconds. */
const TIMESTAMP_SCALE = 1000;
const TRACK = 1;

/**
 * The beginning of the file, for pictures of `width` × `height`, `rate` in a second; any number of `pictureHead` and picture
 * follow.
 */
export function fileHead(width: number, height: number, rate: number): Buffer {
  const ebml = element(0x1a45dfa3, element(0x4282, text('matroska')));
  const info = element(0x1549a966, element(0x2ad7b1, unsigned(TIMESTAMP_SCALE)));
  const video = element(0xe0, element(0xb0, unsigned(width)), element(0xba, unsigned(height)));
  const track = element(
    0xae,
    element(0xd7, unsigned(TRACK)),
    element(0x73c5, unsigned(TRACK)), // UID
    element(0x83, unsigned(1)), // video
    // Without it a picture lasts for nothing, if only few follow, which libvpx refuses.
    element(0x23e383, unsigned(Math.round(1_000_000_000 / rate))),
    element(0x86, text('V_MS/VFW/FOURCC')),
    element(0x63a2, bitmapInfo(width, height)),
    video,
  );
  // The segment has all the rest of the file: its size is not known yet.
  return Buffer.concat([ebml, elementId(0x18538067), UNKNOWN_SIZE, info, element(0x1654ae6b, track)]);
}

/** What stands before a picture of `bytes` that is shown at `microseconds`: a cluster of one block. */
export function pictureHead(microseconds: number, bytes: number): Buffer {
  const timestamp = element(0xe7, unsigned(Math.round(microseconds)));
  // Track number as a varint, no time but the cluster's, and the flag of a keyframe.
  const block = Buffer.from([0x80 | TRACK, 0, 0, 0x80]);
  const blockHead = Buffer.concat([elementHead(0xa3, block.length + bytes), block]);
  const cluster = elementHead(0x1f43b675, timestamp.length + blockHead.length + bytes);
  return Buffer.concat([cluster, timestamp, blockHead]);
}

/** BITMAPINFOHEADER, with the code by which ffmpeg knows PNG. */
function bitmapInfo(width: number, height: number): Buffer {
  const info = Buffer.alloc(40);
  info.writeUInt32LE(info.length, 0);
  info.writeInt32LE(width, 4);
  info.writeInt32LE(height, 8);
  info.writeUInt16LE(1, 12); // planes
  info.writeUInt16LE(32, 14); // bits of a pixel
  info.write('MPNG', 16, 'latin1');
  return info;
}
