import { randomUUID } from 'node:crypto';
import { BakeError } from './errors.ts';
import { withAssumptions } from './frames/assumptions.ts';
import { makeOutputs, outputWarnings } from './make.ts';
import { openTape, type Tape } from './open/tape.ts';
import { type BakeOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { type Schedule, schedulePictures, TICKS_PER_SECOND, toTicks } from './plan/timeline.ts';
import { publish } from './publish.ts';
import { type BakeReport, Stopwatch } from './report.ts';
import { type UnpackedSound, unpackSound } from './sound/unpack.ts';
import { withTempFolder } from './temp-folder.ts';

/**
 * Bakes the tape in the file `path`.
 *
 * @example
 * const report = await bake('tape.zip', { outDir: 'out', name: 'tape' });
 *
 * @throws BakeError with a code of errors.ts. Nothing is left behind then, neither in `outDir` nor in `tempDir`.
 */
export async function bake(path: string, options: BakeOptions): Promise<BakeReport> {
  const resolved = resolveOptions(options);
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
    return await inWorkFolder(options, async (folder) => {
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

/** Characters of the tape's name in the name of its folder. */
const MAX_FOLDER_NAME = 64;

function inWorkFolder<T>(options: ResolvedOptions, work: (folder: string) => Promise<T>): Promise<T> {
  const { workFolder, tempDir, name } = options;
  if (workFolder !== undefined) return work(workFolder);
  return withTempFolder(tempDir, `${name.slice(0, MAX_FOLDER_NAME)}-${randomUUID().slice(0, 8)}`, work);
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

/** An abort comes out of wherever the bake was; what it means is the same everywhere. */
function toBakeError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof BakeError || !signal.aborted) return error;
  if ((signal.reason as Error | undefined)?.name === 'TimeoutError') {
    return new BakeError('BAKE_TIMEOUT', 'The bake took too long and was stopped.', { cause: error });
  }
  return new BakeError('BAKE_ABORTED', 'The bake was stopped.', { cause: signal.reason });
}
