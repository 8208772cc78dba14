import { WrongAssumption } from './assumptions.ts';
import type { Frame, Frames } from './frames/frames.ts';
import { fileHead, pictureHead } from './matroska.ts';
import type { Tape } from './open/tape.ts';
import type { Schedule } from './plan/pictures.ts';

/** What is shown when, the frames, and which of them were taken to equal the one before. */
export interface Showing {
  readonly schedule: Schedule;
  readonly repeats: readonly boolean[];
  readonly frames: Frames;
}

/**
 * The pictures as the Matroska file that ffmpeg reads, made while it is read: nothing is written to the disk, and the
 * encoder works while the tape is still being unpacked. Every frame is read and verified, also those that aren't
 * shown. Throws what is wrong with a frame, WrongAssumption, or the signal's reason.
 */
export async function* feedPictures(
  tape: Tape,
  showing: Showing,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield fileHead(tape.width, tape.height);
  for await (const { frame, start } of shownFrames(tape, showing, signal)) {
    const png = await showing.frames.picture(frame);
    yield pictureHead(start, png.length);
    yield png;
  }
}

/** Verifies every frame, and decodes every picture, where nothing else does. Throws as `feedPictures`. */
export async function verifyFrames(tape: Tape, showing: Showing, signal: AbortSignal): Promise<void> {
  for await (const { frame } of shownFrames(tape, showing, signal)) await showing.frames.check(frame);
}

/** Reads every frame, and gives those that are pictures, with their starts in ticks. */
async function* shownFrames(
  tape: Tape,
  { schedule, repeats, frames }: Showing,
  signal: AbortSignal,
): AsyncGenerator<{ readonly frame: Frame; readonly start: number }> {
  let next = 0;
  let last: Buffer | undefined;
  for (let n = 0; n < tape.frames.length; n++) {
    signal.throwIfAborted();
    const frame = await frames.read(n);
    if (repeats[n] && !last?.equals(frame.bytes)) throw new WrongAssumption('repeats');
    last = frame.bytes;
    const picture = schedule.pictures[next];
    if (picture?.frame !== n) continue;
    yield { frame, start: picture.start };
    next += 1;
  }
}

/** Bytes of all pictures' PNGs together. */
export function pictureBytes(tape: Tape, { pictures }: Schedule): number {
  return pictures.reduce((sum, { frame }) => sum + tape.frames[frame]!.size, 0);
}
