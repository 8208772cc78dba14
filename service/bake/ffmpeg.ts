import type { ExecaError } from 'execa';
import { BakeError } from './errors.ts';

/** How a run of ffmpeg is started and stopped. */
export interface RunOptions {
  /** The program: a name on the PATH, or a path. */
  readonly ffmpeg: string;
  /** Seconds without any progress after which the run is killed. */
  readonly stallSeconds: number;
  /** How far ffmpeg stands back behind other programs for the processor: 0 to 19, as `nice` counts. */
  readonly niceness: number;
  /** Aborting it kills the run. */
  readonly signal: AbortSignal;
}

/** Bytes that ffmpeg may allocate at once. Nothing else bounds what a chunk of a PNG unpacks to. */
export const MAX_ALLOC_BYTES = 64 * 1024 * 1024;

/**
 * The options of execa for every run of ffmpeg: the run and all its children are killed when `signal` aborts, and the
 * environment holds PATH only, since the service's environment has secrets.
 */
export function ffmpegProcess(signal: AbortSignal) {
  return {
    env: { PATH: process.env.PATH },
    extendEnv: false,
    // The output of a stopped run is thrown away, so ffmpeg needs no time to finish it.
    killSignal: 'SIGKILL',
    killDescendants: true,
    cancelSignal: signal,
    buffer: false,
  } as const;
}

/** The error for a program that can not be started; undefined for any other failure. */
export function ffmpegMissing(error: ExecaError): BakeError | undefined {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return undefined;
  return new BakeError('FFMPEG_MISSING', 'ffmpeg is not installed, or not on the PATH.', { cause: error });
}
