import { type FileHandle, open } from 'node:fs/promises';
import {
  bytesPerSample,
  type Interleaved,
  mixToStereo,
  readValues,
  stereoGains,
  wholeSamples,
} from './samples.ts';

/** Reads bytes that come in pieces of any length as a file is read: so many at a time, in order, holding only a piece. */
export class StreamReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer only at the end, without moving on. For short lengths: they are held together. */
  async peek(length: number): Promise<Buffer> {
    while (this.#held.length < length && (await this.#more()));
    return this.#held.subarray(0, length);
  }

  /** The next `length` bytes, fewer only at the end. For short lengths, as with `peek`. */
  async read(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    this.#held = this.#held.subarray(bytes.length);
    return bytes;
  }

  /** The next `length` bytes, which may be Infinity, piece by piece; fewer at the end. */
  async *take(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) return;
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Leaves the next `length` bytes out. Throws what the source throws. */
  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  /** Reads to the end, so that the source can tell whether its bytes were right; throws what it throws. */
  async drain(): Promise<void> {
    await this.skip(Number.POSITIVE_INFINITY);
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#pieces.next();
    if (done) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}

/** What became of the samples written. */
export interface Written {
  /** Samples of each channel that there were, of which at most as many as wanted were written. */
  readonly samples: number;
  /** Channels written: 1 or 2. */
  readonly channels: 1 | 2;
  /** Values that were no numbers (NaN or infinite) and became 0. */
  readonly notNumbers: number;
}

/**
 * Writes samples to a new file at `path` as 32-bit floats within ±1, interleaved: one or two channels as they are, cut off at
 * ±1; more of them mixed to stereo, and as a whole made so quiet that nothing has to be cut off. Writes the first `wanted`
 * samples and reads all.
 */
export async function writeSamples(
  path: string,
  pieces: AsyncIterable<Buffer>,
  from: Interleaved & { readonly places: number },
  wanted: number,
): Promise<Written> {
  const size = bytesPerSample(from);
  const isFloat = from.coding === 'f32' || from.coding === 'f64';
  const gains = from.channels > 2 ? stereoGains(from.channels, from.places) : undefined;
  const file = await open(path, 'wx+');
  try {
    let [samples, notNumbers, loudest] = [0, 0, 0];
    for await (const piece of wholeSamples(pieces, size)) {
      const bytes = piece.subarray(0, Math.max(0, wanted - samples) * size);
      samples += piece.length / size;
      if (bytes.length === 0) continue;
      const read = readValues(bytes, from);
      notNumbers += read.notNumbers;
      const values = gains ? mixToStereo(read.values, gains) : read.values;
      if (gains) loudest = Math.max(loudest, loudestOf(values));
      else if (isFloat) cutOff(values);
      await file.writeFile(bytesOf(values));
    }
    if (loudest > 1) await multiply(file, 1 / loudest);
    return { samples, notNumbers, channels: from.channels === 1 ? 1 : 2 };
  } finally {
    await file.close();
  }
}

function loudestOf(values: Float32Array): number {
  let loudest = 0;
  for (const value of values) loudest = Math.max(loudest, Math.abs(value));
  return loudest;
}

function cutOff(values: Float32Array): void {
  for (let n = 0; n < values.length; n++) values[n] = Math.min(1, Math.max(-1, values[n]!));
}

const BLOCK_BYTES = 256 * 1024;

/** Makes every value in the file louder or quieter. */
async function multiply(file: FileHandle, factor: number): Promise<void> {
  const values = new Float32Array(BLOCK_BYTES / 4);
  const bytes = bytesOf(values);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(bytes, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    for (let n = 0; n < values.length; n++) values[n]! *= factor;
    await file.write(bytes, 0, bytesRead, at);
    at += bytesRead;
  }
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
