import type { BakeWarning } from './errors.ts';
import type { OutputKind, StillFormat } from './outputs.ts';

/** A finished file. */
export interface OutputReport {
  readonly kind: OutputKind;
  /** The format of a still. */
  readonly format?: StillFormat;
  readonly path: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** A still's picture of about 25 bytes in Base64, to be shown while the file loads (the format ThumbHash). */
  readonly thumbHash?: string;
}

/** The sound in a finished video. */
export interface SoundReport {
  readonly sampleRate: number;
  readonly channels: number;
  /** Seconds of sound in the video. */
  readonly seconds: number;
}

/** The result of a bake. */
export interface BakeReport {
  /** In the order of the table of outputs. */
  readonly outputs: readonly OutputReport[];
  /** Frames in the tape. */
  readonly frames: number;
  /** Pictures in the video: frames that differ from the one before. */
  readonly uniqueFrames: number;
  /** Seconds. */
  readonly duration: number;
  /** Absent for a tape without sound, or with sound that can't be read. */
  readonly sound?: SoundReport;
  readonly warnings: readonly BakeWarning[];
  /** Seconds that each stage took; `thumbnail` runs beside the first video. */
  readonly timings: Readonly<Partial<Record<BakeStage | 'total', number>>>;
}

/** The stages of a bake: opening and unpacking the tape, then making each output, and verifying videos. */
export type BakeStage = 'open' | 'unpack' | OutputKind | 'verify';

/** The progress of a bake. */
export interface BakeProgress {
  readonly stage: BakeStage;
  /** 0 to 1, of the whole bake. */
  readonly progress: number;
  /** Pictures encoded so far, in a stage that encodes a video. */
  readonly pictures?: number;
}

/** Measures the seconds of each stage. Stages may overlap, and a stage may come several times. */
export class Stopwatch {
  readonly #seconds = new Map<BakeStage | 'total', number>();

  async time<T>(stage: BakeStage | 'total', work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#seconds.set(stage, (this.#seconds.get(stage) ?? 0) + seconds);
    }
  }

  /** Seconds of every stage so far, rounded to milliseconds. */
  timings(): Partial<Record<BakeStage | 'total', number>> {
    return Object.fromEntries([...this.#seconds].map(([stage, seconds]) => [stage, round(seconds)]));
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
