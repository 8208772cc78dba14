import { fileHead, pictureHead } from './matroska.ts';
import type { Tape } from './open/tape.ts';
import type { Schedule } from './plan/pictures.ts';
import { UnequalFrames } from './repeats.ts';

/** What is shown when, and which frames were taken to equal the one before. */
export interface Showing {
  readonly schedule: Schedule;
  readonly repeats: readonly boolean[];
}

/**
 * The pictures as the Matroska file that ffmpeg reads, made while it is read: nothing is written to the disk, and the
 * encoder works while the tape is still being unpacked. Every frame is read and verified, also those that aren't
 * shown. Throws what is wrong with an entry, UnequalFrames, or the signal's reason.
 */
export async function* feedPictures(
  tape: Tape,
  { schedule, repeats }: Showing,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  yield fileHead(tape.width, tape.height);
  let next = 0;
  let last: Buffer | undefined;
  for (const [n, frame] of tape.frames.entries()) {
    signal.throwIfAborted();
    const bytes = await tape.read(frame);
    if (repeats[n] && !last?.equals(bytes)) throw new UnequalFrames();
    last = bytes;
    const picture = schedule.pictures[next];
    if (picture?.frame !== n) continue;
    yield pictureHead(picture.start, bytes.length);
    yield bytes;
    next += 1;
  }
}

/** Verifies every frame where nothing else reads them all. Throws as `feedPictures`. */
export async function verifyFrames(tape: Tape, showing: Showing, signal: AbortSignal): Promise<void> {
  for await (const _ of feedPictures(tape, showing, signal));
}

/** Bytes of all pictures' PNGs together. */
export function pictureBytes(tape: Tape, { pictures }: Schedule): number {
  return pictures.reduce((sum, { frame }) => sum + tape.frames[frame]!.size, 0);
}
