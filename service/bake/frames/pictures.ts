import type { ImageProcess } from '../images/process.ts';
import type { Tape } from '../open/tape.ts';
import { planTimeline, type Timeline } from '../plan/timeline.ts';
import { type Assumptions, WrongAssumption } from './assumptions.ts';
import { type Frame, Frames } from './frames.ts';

/** Pictures by number: the first, and the first one after them; from the first to the last of all where left out. */
export interface PictureRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The pictures of a tape as all outputs see them: ordinary PNGs on a timeline. */
export class Pictures {
  /** Pixels, of every picture. */
  readonly width: number;
  readonly height: number;
  /** Whether all pictures have an alpha channel, or none. */
  readonly alpha: boolean;
  readonly timeline: Timeline;
  readonly #frames: Frames;
  readonly #frameCount: number;
  readonly #repeats: readonly boolean[];

  constructor(tape: Tape, { alpha, repeats }: Assumptions, images: ImageProcess) {
    this.width = tape.width;
    this.height = tape.height;
    this.alpha = alpha;
    this.timeline = planTimeline(tape.durations, repeats);
    this.#frames = new Frames(tape, alpha, images);
    this.#frameCount = tape.frames.length;
    this.#repeats = repeats;
  }

  /** One picture, by its number. Throws what is wrong with its frame, WrongAssumption, or the signal's reason. */
  async read(picture: number, signal: AbortSignal): Promise<Buffer> {
    const frame = await this.#frames.read(this.timeline.pictures[picture]!.frame);
    return await this.#frames.toOrdinary(frame, signal);
  }

  /** The same, not checked: for a look at a picture that is read again. */
  async readUnchecked(picture: number, signal: AbortSignal): Promise<Buffer> {
    const frame = await this.#frames.read(this.timeline.pictures[picture]!.frame);
    return await this.#frames.toUnchecked(frame, signal);
  }

  /**
   * All pictures in order, or those of a range. Every frame of the tape is read and verified on the way, those that are not shown too;
   * such a one belongs to the range before the picture that follows it. Throws what is wrong with a frame, WrongAssumption, or the signal's reason.
   */
  async *readAll(
    signal: AbortSignal,
    range: PictureRange = {},
  ): AsyncGenerator<{ readonly picture: number; readonly png: Buffer }> {
    for await (const { picture, frame } of this.#shownFrames(signal, range)) {
      yield { picture, png: await this.#frames.toOrdinary(frame, signal) };
    }
  }

  /** Verifies every frame and decodes every picture, for a bake in which no video does. Throws as `readAll`. */
  async verify(signal: AbortSignal): Promise<void> {
    for await (const { frame } of this.#shownFrames(signal)) await this.#frames.check(frame);
  }

  /** Reads every frame. Gives those that are pictures, with the number of the picture. */
  async *#shownFrames(
    signal: AbortSignal,
    { from = 0, to = this.timeline.pictures.length }: PictureRange = {},
  ): AsyncGenerator<{ readonly picture: number; readonly frame: Frame }> {
    const { pictures } = this.timeline;
    let picture = from;
    let last: Buffer | undefined;
    const end = pictures[to]?.frame ?? this.#frameCount;
    // A picture never repeats the frame before it, so a range begins without knowing that one.
    for (let n = from === 0 ? 0 : pictures[from]!.frame; n < end; n++) {
      signal.throwIfAborted();
      const frame = await this.#frames.read(n);
      if (this.#repeats[n] && !last?.equals(frame.bytes)) throw new WrongAssumption('repeats');
      last = frame.bytes;
      if (pictures[picture]?.frame !== n) continue;
      yield { picture, frame };
      picture += 1;
    }
  }
}
