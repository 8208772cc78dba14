/** Characters that are kept of what ffmpeg said last. */
const KEPT = 4096;
/** Said of a picture whose rows are not all there, and then gone on with what is missing as it was; or of one that ends it. */
const DAMAGED = /\[png @ .*(IEND without all image|inflate returned error)/;
/** Said when it failed for what it read. */
const UNREADABLE = /\[png @|Error while decoding|Error submitting.*decoder|Decoding error/;

/** What ffmpeg says on its standard error: all is looked at, and only the end of it kept. */
export class Words {
  #end = '';
  #damaged = false;
  #unreadable = false;
  #diskFull = false;
  #noMemory = false;

  add(bytes: Uint8Array): void {
    // With what came before, for a sentence may come in pieces.
    const text = this.#end + Buffer.from(bytes).toString('latin1');
    this.#damaged ||= DAMAGED.test(text);
    this.#unreadable ||= UNREADABLE.test(text);
    this.#diskFull ||= text.includes('No space left on device');
    this.#noMemory ||= text.includes('Cannot allocate memory');
    this.#end = text.slice(-KEPT);
  }

  /** A picture is damaged, though ffmpeg may not fail for it. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** Where ffmpeg failed: that it did for what it read. */
  get unreadable(): boolean {
    return this.#unreadable && !this.#noMemory;
  }

  get diskFull(): boolean {
    return this.#diskFull;
  }

  /** The last lines. */
  get end(): string {
    return this.#end.trim();
  }
}
