import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { BakeError } from './errors.ts';
import { withAssumptions } from './frames/assumptions.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { makeOutputs, outputWarnings } from './make.ts';
import { openTape, type Tape } from './open/tape.ts';
import { DEFAULT_OUTPUTS, inOrder, type OutputRequest } from './outputs.ts';
import { type Schedule, schedulePictures, TICKS_PER_SECOND, toTicks } from './plan/timeline.ts';
import type { BakeReport } from './report.ts';
import { type Progress, Stopwatch } from './report.ts';
import { type UnpackedSound, unpackSound } from './sound/unpack.ts';
import { publish, withWorkspace } from './workspace.ts';

/** How a tape is baked. Everything but where the files go has a default. */
export interface BakeOptions {
  /** Folder that the finished files appear in, whole or not at all. */
  readonly outDir: string;
  /** Files are named `<name>.mp4`, `<name>-thumb.jpg` and so on. */
  readonly name: string;
  readonly outputs?: readonly OutputRequest[];
  readonly limits?: Limits;
  /** Working files are in a folder of their own below this one, and gone when the bake ends, however it ends. */
  readonly tempDir?: string;
  /** Seconds that the whole bake may take. */
  readonly timeoutSeconds?: number;
  /** Seconds that the encoder may make no progress. */
  readonly stallSeconds?: number;
  /** Aborting it stops the bake: the encoder is killed, and BAKE_ABORTED is thrown. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** How far the encoder stands back behind others for the processor: 0 to 19, as `nice` counts; 0 when left out. */
  readonly niceness?: number;
  /** The encoder, by name on the PATH or by path. */
  readonly ffmpeg?: string;
}

export type ResolvedOptions = Required<Omit<BakeOptions, 'signal'>> & { readonly signal: AbortSignal };

/**
 * Bakes the tape in the file `path`.
 *
 * @example
 * const report = await bake('tape.zip', { outDir: 'out', name: 'tape' });
 *
 * @throws BakeError with a code of errors.ts. Nothing is left behind then, neither in `outDir` nor in `tempDir`.
 */
export async function bake(path: string, options: BakeOptions): Promise<BakeReport> {
  const resolved = resolve(options);
  const watch = new Stopwatch();
  try {
    return await watch.time('total', () => bakeWithin(path, resolved, watch)).then(withTimings(watch));
  } catch (error) {
    throw toBakeError(error, resolved.signal);
  }
}

async function bakeWithin(path: string, options: ResolvedOptions, watch: Stopwatch) {
  options.signal.throwIfAborted();
  options.onProgress({ stage: 'open', progress: 0 });
  const tape = await watch.time('open', () => openTape(path, options.limits));
  try {
    return await withWorkspace(options.tempDir, options.name, async (folder) => {
      options.onProgress({ stage: 'unpack', progress: 0.02 });
      const seconds = toTicks(tape.durations).at(-1)! / TICKS_PER_SECOND;
      const { sound, warnings: aboutSound } = await watch.time('unpack', () =>
        unpackSound(tape, folder, seconds, options),
      );
      const { made, schedule } = await withAssumptions(tape, options.signal, async (assumptions) => {
        const schedule = schedulePictures(tape.durations, assumptions.repeats);
        const made = await makeOutputs({ tape, assumptions, schedule, sound, folder, options, watch });
        return { made, schedule };
      });
      // Not everything stops on its own; what was aborted is not published.
      options.signal.throwIfAborted();
      const outputs = await publish(made, options.outDir);
      const warnings = [...tape.warnings, ...aboutSound, ...outputWarnings(tape, options.outputs)];
      return { ...describe(tape, schedule, sound), outputs, warnings };
    });
  } finally {
    await tape.close();
  }
}

function describe(
  tape: Tape,
  schedule: Schedule,
  sound: UnpackedSound | undefined,
): Omit<BakeReport, 'outputs' | 'warnings' | 'timings'> {
  return {
    frames: tape.frames.length,
    uniqueFrames: schedule.pictures.length,
    duration: schedule.end / TICKS_PER_SECOND,
    ...(sound && {
      sound: { sampleRate: sound.sampleRate, channels: sound.channels, seconds: sound.seconds },
    }),
  };
}

function withTimings(watch: Stopwatch) {
  return (report: Omit<BakeReport, 'timings'>): BakeReport => ({ ...report, timings: watch.timings() });
}

function resolve(options: BakeOptions): ResolvedOptions {
  // It becomes part of paths: whoever passes on a stranger's name must have checked it.
  if (options.name === '' || options.name !== basename(options.name)) {
    throw new TypeError('name must be the name of a file, without folders');
  }
  const { timeoutSeconds = 300, signal, outputs = DEFAULT_OUTPUTS } = options;
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  return {
    ...{ limits: DEFAULT_LIMITS, tempDir: tmpdir(), stallSeconds: 30, niceness: 0, ffmpeg: 'ffmpeg' },
    onProgress: () => {},
    ...options,
    outputs: inOrder(outputs),
    timeoutSeconds,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
}

/** An abort comes out of wherever the bake was; what it means is the same everywhere. */
function toBakeError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof BakeError || !signal.aborted) return error;
  if ((signal.reason as Error | undefined)?.name === 'TimeoutError') {
    return new BakeError('BAKE_TIMEOUT', 'The bake took too long and was stopped.', { cause: error });
  }
  return new BakeError('BAKE_ABORTED', 'The bake was stopped.', { cause: signal.reason });
}
