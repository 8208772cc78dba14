import type { ImageProcess } from '../images/process.ts';
import type { Tape } from '../open/tape.ts';
import { planTimeline, type Timeline } from '../plan/timeline.ts';
import { type Assumptions, WrongAssumption } from './assumptions.ts';
import { type Frame, Frames } from './frames.ts';

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

  /**
   * All pictures in order. Every frame of the tape is read and verified on the way, those that are not shown too. Throws what
   * is wrong with a frame, WrongAssumption, or the signal's reason.
   */
  async *readAll(signal: AbortSignal): AsyncGenerator<{ readonly picture: number; readonly png: Buffer }> {
    for await (const { picture, frame } of this.#shownFrames(signal)) {
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
  ): AsyncGenerator<{ readonly picture: number; readonly frame: Frame }> {
    const { pictures } = this.timeline;
    let picture = 0;
    let last: Buffer | undefined;
    for (let n = 0; n < this.#frameCount; n++) {
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
