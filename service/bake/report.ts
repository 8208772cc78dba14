import type { BakeWarning } from './errors.ts';
import type { OutputKind } from './outputs.ts';
import type { Stage } from './stages.ts';

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
