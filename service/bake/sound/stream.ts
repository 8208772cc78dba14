/** Reads a stream of pieces of any length like a file: a number of bytes at a time, in order. It holds one piece in memory. */
export class StreamReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, fewer only at the end, which stay to be read. For short lengths, since all of them are held. */
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

  /** The next `length` bytes piece by piece, fewer at the end. `length` may be Infinity. */
  async *take(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#held.length === 0 && !(await this.#more())) return;
      const piece = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  /** Skips the next `length` bytes. Throws what the source throws. */
  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  /** Reads to the end, where the source checks its bytes. Throws what the source throws. */
  async drain(): Promise<void> {
    await this.skip(Number.POSITIVE_INFINITY);
  }

  /** Closes the source before its end. */
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
