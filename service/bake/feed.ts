import { WrongAssumption } from './assumptions.ts';
import type { Frame, Frames } from './frames/frames.ts';
import { fileHead, pictureHead } from './matroska.ts';
import type { Tape } from './open/tape.ts';
import type { Schedule } from './plan/pictures.ts';
import { INDEX_RATE, type Sample } from './plan/samples.ts';

/** What is shown when, the frames, and which of them were taken to equal the one before. */
export interface Showing {
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
  showing: Showing,
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
export async function verifyFrames(tape: Tape, showing: Showing, signal: AbortSignal): Promise<void> {
  for await (const { frame } of shownFrames(tape, showing, signal)) await showing.frames.check(frame);
}

/** Reads every frame, and gives those that are pictures, by their number. */
async function* shownFrames(
  tape: Tape,
  { schedule, repeats, frames }: Showing,
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
