import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { argv } from '../lib/argv.ts';
import { endGroupWith, lowerPriority } from '../lib/child-processes.ts';
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

/** The options of a start of ffmpeg. The caller watches its progress. */
export type StartOptions = Omit<RunOptions, 'stallSeconds'>;

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

/** Thrown for a run of ffmpeg that failed, was ended by a signal, or could not be started. */
export class FfmpegError extends Error {
  override readonly name = 'FfmpegError';
  /** Such as `failed with exit code 1`. */
  readonly how: string;
  /** Undefined where a signal ended it, or it never ran. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;

  constructor(
    how: string,
    command: readonly string[],
    options: ErrorOptions & { readonly exitCode?: number; readonly signal?: NodeJS.Signals } = {},
  ) {
    super(`ffmpeg ${how}: ${command.join(' ')}`, options);
    this.how = how;
    this.exitCode = options.exitCode;
    this.signal = options.signal;
  }
}

/** The descriptors of a run: standard input, output and error, and any further ones that it writes. */
type Descriptors = readonly ['pipe' | 'ignore', 'pipe', 'pipe' | 'ignore', ...'pipe'[]];

/** A run of ffmpeg. */
export interface FfmpegRun {
  /** By its descriptors. */
  readonly streams: readonly (Readable | Writable | null | undefined)[];
  /** Settled when it has ended and its output is read, or closed by an abort. Rejects with FfmpegError. */
  readonly ended: Promise<void>;
}

/**
 * Starts ffmpeg in a process group of its own. The group is killed when the signal aborts, and what is left of it when ffmpeg ends. The
 * environment holds PATH only, since the service's has secrets. Node's own module starts it, since execa takes long to load
 * (bench/README.md). Throws FfmpegError where it can not be started.
 */
export async function startFfmpeg(
  args: readonly string[],
  { ffmpeg, niceness, signal }: StartOptions,
  descriptors: Descriptors,
): Promise<FfmpegRun> {
  const command = [ffmpeg, ...args];
  const child = await started(ffmpeg, args, descriptors).catch((cause: unknown) => {
    throw new FfmpegError('could not be started', command, { cause });
  });
  lowerPriority(child.pid!, niceness);
  endGroupWith(child, signal);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (exitCode, by) => {
      if (exitCode === 0) resolve();
      else if (by !== null) reject(new FfmpegError(`was ended by ${by}`, command, { signal: by }));
      else reject(new FfmpegError(`failed with exit code ${exitCode}`, command, { exitCode: exitCode! }));
    });
  });
  // It may end long before anybody asks.
  ended.catch(() => {});
  return { streams: child.stdio, ended };
}

/** Of the reasons for which a program does not start, Node throws some and tells others as an event. */
async function started(program: string, args: readonly string[], stdio: Descriptors): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: [...stdio], env: { PATH: process.env.PATH }, detached: true });
  await once(child, 'spawn');
  return child;
}

/** The error of a run in which `error` was thrown: that of ffmpeg itself, where it failed too. It waits for the run's end. */
export async function errorOfRun(ended: Promise<void> | undefined, error: unknown): Promise<unknown> {
  try {
    await ended;
    return error;
  } catch (failure) {
    return failure;
  }
}

/** The error for a program that can not be started; undefined for any other failure. */
export function ffmpegMissing(error: FfmpegError): BakeError | undefined {
  const { code } = Object(error.cause) as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'EACCES') return undefined;
  return new BakeError('FFMPEG_MISSING', 'ffmpeg is not installed, or not on the PATH.', { cause: error });
}
