import type { Tape, ZipEntry } from './open/tape.ts';

/** A frame whose checksum and size are those of the frame before, but not its bytes. */
export class UnequalFrames extends Error {
  override readonly name = 'UnequalFrames';
}

/** Whether each frame is said to equal the one before, by the ZIP's directory, which costs nothing. Pure. */
export function likelyRepeats(frames: readonly ZipEntry[]): boolean[] {
  return frames.map(({ crc32, size }, n) => {
    const before = frames[n - 1];
    return before?.crc32 === crc32 && before.size === size;
  });
}

/** Whether each frame equals the one before, byte by byte. Throws what is wrong with an entry, or the signal's reason. */
export async function trueRepeats(tape: Tape, signal: AbortSignal): Promise<boolean[]> {
  const repeats: boolean[] = [];
  let last: Buffer | undefined;
  for (const frame of tape.frames) {
    signal.throwIfAborted();
    const bytes = await tape.read(frame);
    repeats.push(last?.equals(bytes) ?? false);
    last = bytes;
  }
  return repeats;
}

/**
 * Carries out `work` with the likely repeats, which it must confirm by throwing UnequalFrames otherwise; then once more with
 * the true ones. Checksums of 32 bits hardly ever deceive, and waiting for all frames to be read would.
 */
export async function withRepeats<T>(
  tape: Tape,
  signal: AbortSignal,
  work: (repeats: readonly boolean[]) => Promise<T>,
): Promise<T> {
  try {
    return await work(likelyRepeats(tape.frames));
  } catch (error) {
    if (!(error instanceof UnequalFrames)) throw error;
    return await work(await trueRepeats(tape, signal));
  }
}
