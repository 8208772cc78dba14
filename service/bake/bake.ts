import { randomUUID } from 'node:crypto';
import { checkPixels } from './count-pixels.ts';
import { BakeError } from './errors.ts';
import { withAssumptions } from './frames/assumptions.ts';
import { Pictures } from './frames/pictures.ts';
import { withImageProcess } from './images/process.ts';
import { OutputMaker, scaleWarnings } from './make.ts';
import { moveOutputs } from './move-outputs.ts';
import { openTape, type Tape } from './open/tape.ts';
import { type BakeOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { TICKS_PER_SECOND, type Timeline, toTicks } from './plan/timeline.ts';
import { type BakeReport, Stopwatch } from './report.ts';
import { type UnpackedSound, unpackSound } from './sound/unpack.ts';
import { withTempFolder } from './temp-folder.ts';

/**
 * Bakes the tape in the file `path`.
 *
 * @example
 * const report = await bake('tape.zip', { outDir: 'out', name: 'tape' });
 *
 * @throws BakeError with a code of errors.ts. It leaves nothing behind, neither in `outDir` nor in `tempDir`.
 */
export async function bake(path: string, options: BakeOptions): Promise<BakeReport> {
  const resolved = resolveOptions(options);
  const stopwatch = new Stopwatch();
  try {
    const report = await stopwatch.time('total', () => openAndBake(path, resolved, stopwatch));
    return { ...report, timings: stopwatch.timings() };
  } catch (error) {
    throw toBakeError(error, resolved.signal);
  }
}

async function openAndBake(
  path: string,
  options: ResolvedOptions,
  stopwatch: Stopwatch,
): Promise<Omit<BakeReport, 'timings'>> {
  const { limits, signal, niceness, onProgress } = options;
  signal.throwIfAborted();
  onProgress({ stage: 'open', progress: 0 });
  const tape = await stopwatch.time('open', () => openTape(path, limits));
  try {
    return await inWorkFolder(options, async (folder) => {
      onProgress({ stage: 'unpack', progress: 0.02 });
      const seconds = toTicks(tape.durations).at(-1)! / TICKS_PER_SECOND;
      const unpack = () => unpackSound(tape, folder, seconds, options);
      const { sound, warnings: soundWarnings } = await stopwatch.time('unpack', unpack);
      const { made, timeline } = await withAssumptions(tape, signal, (assumptions) =>
        withImageProcess(niceness, async (images) => {
          const pictures = new Pictures(tape, assumptions, images);
          checkPixels(pictures, options.outputs, limits);
          const maker = new OutputMaker(pictures, sound, images, folder, options, stopwatch);
          return { made: await maker.makeAll(), timeline: pictures.timeline };
        }),
      );
      // Not every step stops by itself, and an aborted bake publishes nothing.
      signal.throwIfAborted();
      const outputs = await moveOutputs(made, options.outDir);
      const warnings = [...tape.warnings, ...soundWarnings, ...scaleWarnings(tape, options.outputs)];
      return { ...describeTape(tape, timeline, sound), outputs, warnings };
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

function describeTape(
  tape: Tape,
  timeline: Timeline,
  sound: UnpackedSound | undefined,
): Omit<BakeReport, 'outputs' | 'warnings' | 'timings'> {
  return {
    frames: tape.frames.length,
    uniqueFrames: timeline.pictures.length,
    duration: timeline.end / TICKS_PER_SECOND,
    ...(sound && {
      sound: { sampleRate: sound.sampleRate, channels: sound.channels, seconds: sound.seconds },
    }),
  };
}

/** An abort surfaces in many ways, depending on the step that it meets. Its meaning is the same everywhere. */
function toBakeError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof BakeError || !signal.aborted) return error;
  if ((signal.reason as Error | undefined)?.name === 'TimeoutError') {
    return new BakeError('BAKE_TIMEOUT', 'The bake took too long and was stopped.', { cause: error });
  }
  return new BakeError('BAKE_ABORTED', 'The bake was stopped.', { cause: signal.reason });
}
