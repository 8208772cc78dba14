import type { BakeWarning } from './errors.ts';
import type { OutputKind } from './outputs.ts';

/** A finished file. */
export interface OutputReport {
  readonly kind: OutputKind;
  readonly path: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** What became of a tape's sound. */
export interface SoundReport {
  readonly sampleRate: number;
  readonly channels: number;
  /** Seconds of sound in the video. */
  readonly seconds: number;
}

/** What a bake did. */
export interface BakeReport {
  /** In the order they were made. */
  readonly outputs: readonly OutputReport[];
  /** Frames in the tape. */
  readonly frames: number;
  /** Pictures in the video: frames that differ from the one before. */
  readonly uniqueFrames: number;
  /** Seconds. */
  readonly duration: number;
  /** Absent when the tape has none, or none that can be read. */
  readonly sound?: SoundReport;
  readonly warnings: readonly BakeWarning[];
  /** Seconds that each stage took; `thumbnail` runs beside the first video. */
  readonly timings: Readonly<Partial<Record<Stage | 'total', number>>>;
}

/** The stages of a bake: opening and unpacking the tape, then one for each output, and looking at what was made. */
export type Stage = 'open' | 'unpack' | OutputKind | 'verify';

/** How far a bake is. */
export interface Progress {
  readonly stage: Stage;
  /** 0 to 1, of the whole bake. */
  readonly progress: number;
  /** Pictures encoded so far, in a stage that counts them. */
  readonly pictures?: number;
}

/** Measures how long each stage takes, in seconds; stages may overlap, and one may come several times. */
export class Stopwatch {
  readonly #seconds = new Map<Stage | 'total', number>();

  async time<T>(stage: Stage | 'total', work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + seconds);
    }
  }

  /** Seconds of every stage so far, rounded to milliseconds. */
  timings(): Partial<Record<Stage | 'total', number>> {
    return Object.fromEntries([...this.#seconds].map(([stage, seconds]) => [stage, round(seconds)]));
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
