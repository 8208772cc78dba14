import type { Tape, ZipEntry } from '../open/tape.ts';

/** What a bake assumes of a tape's frames before it has read them. */
export interface Assumptions {
  /** Whether each frame equals the one before it. */
  readonly repeats: readonly boolean[];
  /** Whether pictures need an alpha channel. */
  readonly alpha: boolean;
}

/** Thrown where an assumption turns out wrong: a frame has the checksum and size of the one before but other bytes, or it has a tRNS chunk. */
export class WrongAssumption extends Error {
  override readonly name = 'WrongAssumption';
  readonly what: keyof Assumptions;

  constructor(what: keyof Assumptions) {
    super(`The assumption of ${what} is wrong.`);
    this.what = what;
  }
}

/** Whether each frame equals the one before it by the ZIP's directory, which costs nothing. Pure. */
export function repeatsByChecksum(frames: readonly ZipEntry[]): boolean[] {
  return frames.map(({ crc32, size }, n) => {
    const before = frames[n - 1];
    return before?.crc32 === crc32 && before.size === size;
  });
}

/** Whether each frame equals the one before it, byte by byte. Throws what is wrong with an entry, or the signal's reason. */
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
 * Runs `work` with likely assumptions, and again with the true ones each time it throws WrongAssumption. That is very rare, while
 * reading all frames first would cost every bake.
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
