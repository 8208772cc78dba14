import type { Tape, ZipEntry } from '../open/tape.ts';

/** What is taken to be true of a tape's frames before they have been read. */
export interface Assumptions {
  /** Whether each frame equals the one before. */
  readonly repeats: readonly boolean[];
  /** Whether pictures need an alpha channel. */
  readonly alpha: boolean;
}

/** A frame is not what was assumed: its checksum and size are those of the one before, but not its bytes; or it has a tRNS chunk. */
export class WrongAssumption extends Error {
  override readonly name = 'WrongAssumption';
  readonly what: keyof Assumptions;

  constructor(what: keyof Assumptions) {
    super(`What was assumed of ${what} is not so.`);
    this.what = what;
  }
}

/** Whether each frame is said to equal the one before, by the ZIP's directory, which costs nothing. Pure. */
export function repeatsByChecksum(frames: readonly ZipEntry[]): boolean[] {
  return frames.map(({ crc32, size }, n) => {
    const before = frames[n - 1];
    return before?.crc32 === crc32 && before.size === size;
  });
}

/** Whether each frame equals the one before, byte by byte. Throws what is wrong with an entry, or the signal's reason. */
export async function repeatsByBytes(tape: Tape, signal: AbortSignal): Promise<boolean[]> {
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
 * Carries out `work` with what is likely, which it must confirm by throwing WrongAssumption otherwise; then once more with
 * what is true. That is hardly ever needed, and waiting for all frames to be read would cost every bake.
 */
export async function withAssumptions<T>(
  tape: Tape,
  signal: AbortSignal,
  work: (assumptions: Assumptions) => Promise<T>,
): Promise<T> {
  let assumptions: Assumptions = { repeats: repeatsByChecksum(tape.frames), alpha: tape.alpha };
  for (;;) {
    try {
      return await work(assumptions);
    } catch (error) {
      if (!(error instanceof WrongAssumption)) throw error;
      assumptions =
        error.what === 'alpha'
          ? { ...assumptions, alpha: true }
          : { ...assumptions, repeats: await repeatsByBytes(tape, signal) };
    }
  }
}
