import { type ExecaError, execa } from 'execa';
import { argv } from '../lib/argv.ts';
import { killGroup, lowerPriority } from '../lib/child-processes.ts';
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
const MAX_ALLOC_BYTES = 64 * 1024 * 1024;

/** The options of every run of ffmpeg that are no input's and no output's. */
export const GLOBAL = argv`-nostdin -max_alloc ${MAX_ALLOC_BYTES}`;

/** What an input may be. ffmpeg refuses anything else, whatever the bytes say. */
interface Input {
  readonly protocol: 'pipe' | 'file';
  /** The demuxer. */
  readonly format: string;
  /** The decoders, one of which reads it. */
  readonly decoders: readonly string[];
}

/** The options of an input of ffmpeg, up to its `-i`. */
export function inputArguments({ protocol, format, decoders }: Input): string[] {
  return argv`
    -protocol_whitelist ${protocol} -format_whitelist ${format} -codec_whitelist ${decoders.join(',')}
    -f ${format}
  `;
}

/** The descriptors of a run: standard input, output and error, and any further ones that it writes. */
type Descriptors = readonly [AsyncIterable<Uint8Array> | 'ignore', 'pipe', 'pipe' | 'ignore', ...'pipe'[]];

/**
 * Starts ffmpeg in a process group of its own. The group is killed when the signal aborts, and what is left of it when ffmpeg ends.
 * The environment holds PATH only, since the service's has secrets.
 */
export function startFfmpeg(
  args: readonly string[],
  { ffmpeg, niceness, signal }: Omit<RunOptions, 'stallSeconds'>,
  stdio: Descriptors,
) {
  const run = execa(ffmpeg, args, {
    stdio,
    env: { PATH: process.env.PATH },
    extendEnv: false,
    // The output of a stopped run is thrown away, so ffmpeg needs no time to finish it.
    killSignal: 'SIGKILL',
    killDescendants: true,
    cancelSignal: signal,
    buffer: false,
  });
  const { pid } = run;
  if (pid !== undefined) {
    lowerPriority(pid, niceness);
    run.nodeChildProcess.once('exit', () => killGroup(pid));
  }
  return run;
}

/** The error for a program that can not be started; undefined for any other failure. */
export function ffmpegMissing(error: ExecaError): BakeError | undefined {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return undefined;
  return new BakeError('FFMPEG_MISSING', 'ffmpeg is not installed, or not on the PATH.', { cause: error });
}
