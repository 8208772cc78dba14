/** One attempt at a tape from end to end: fetch it from its source, bake it, store the outputs. */
import { join } from 'node:path';
import { bake } from '../bake/bake.ts';
import { BakeError } from '../bake/errors.ts';
import type { Limits } from '../bake/limits.ts';
import { hasForm, type OutputRequest } from '../bake/outputs.ts';
import type { Scale } from '../bake/plan/size.ts';
import type { BakeProgress, BakeReport, OutputReport } from '../bake/report.ts';
import { diskFull, withTempFolder } from '../bake/temp-folder.ts';
import type { ReportProgress } from '../callback/progress.ts';
import { withDeadline } from '../lib/deadline.ts';
import { fileNameOf } from '../queue/job.ts';
import type { BakeResult, Stage, StageProgress } from '../schemas/outcome.ts';
import { aclOf, type BakeRequest, hasKeys } from '../schemas/request.ts';
import type { Source } from '../source/source.ts';
import { keyFor } from '../storage/keys.ts';
import type { OutputStorage } from '../storage/storage.ts';
import type { BakeAttempt } from './bake-processor.ts';
import type { EncoderFaults } from './encoder-faults.ts';

export interface TapeBakerOptions {
  readonly source: TapeSource;
  readonly storage: Pick<OutputStorage, 'put'>;
  readonly tempDir: string;
  readonly limits: Limits;
  /** Seconds that each of the three steps may take: to fetch, to bake and to store. */
  readonly timeoutSeconds: number;
  /** The scale of outputs whose request has none. */
  readonly scale: Scale;
  /** Opens the progress reports of one bake. */
  readonly reportProgress?: ReportProgress;
  readonly ffmpeg?: string;
  /** Seconds without any progress after which ffmpeg is killed; 30, or half of a stage's time if that is less, when left out. */
  readonly stallSeconds?: number;
  /** Finds out whose fault a failed encoder is. */
  readonly encoderFaults?: EncoderFaults;
}

/** A source; the number of bytes is of no interest here. */
interface TapeSource {
  fetch(...how: Parameters<Source['fetch']>): Promise<unknown>;
}

type OnProgress = (progress: StageProgress) => void;

/** The encoder runs below requests and Redis, since it keeps all cores busy. */
const NICENESS = 10;
/** Seconds without progress after which the encoder is stopped: at most half of a stage's time, so that a stall is told as one. */
const STALL_SECONDS = 30;

/** Makes the function that bakes one tape. It leaves nothing in TEMP_DIR, and throws errors with a code, or bugs. */
export function tapeBaker(options: TapeBakerOptions) {
  const {
    source,
    storage,
    tempDir,
    limits,
    timeoutSeconds,
    scale,
    reportProgress,
    ffmpeg,
    stallSeconds,
    encoderFaults,
  } = options;

  return async (request: BakeRequest, attempt: BakeAttempt): Promise<BakeResult> => {
    const { jobId, signal, onProgress, withSlugLock } = attempt;
    // The names of working files get into the arguments and the messages of programs.
    const workName = request.private ? jobId : `${request.slug}-${jobId}`;
    const reporter = reportProgress?.(request, jobId);
    const report: OnProgress = (progress) => {
      onProgress(progress);
      reporter?.report(progress);
    };

    const bakeIn = async (folder: string): Promise<BakeResult> => {
      const tape = join(folder, 'tape.zip');
      const started = performance.now();
      await withStageTimeout('downloading', timeoutSeconds, signal, (signal) =>
        fetchTape(source, request.zipUrl, tape, report, signal),
      );
      const fetched = performance.now();
      const baked = await bake(tape, {
        outDir: join(folder, 'out'),
        workFolder: folder,
        name: workName,
        outputs: request.outputs.map((output) => withScale(output, scale)),
        limits,
        timeoutSeconds,
        stallSeconds: stallSeconds ?? Math.min(STALL_SECONDS, timeoutSeconds / 2),
        niceness: NICENESS,
        ...(ffmpeg !== undefined && { ffmpeg }),
        signal,
        onProgress: (progress) => report(fromBakeProgress(progress)),
      });
      const bakedAt = performance.now();
      // Each stored file has an owner, and no bake replaces another tape's file. The lock keeps another tape from taking the
      // second file of this slug while the first is stored.
      const stored = await withStageTimeout('uploading', timeoutSeconds, signal, (signal) =>
        withSlugLock(() => storeOutputs(storage, request, baked.outputs, report, signal), signal),
      );
      const { open = 0, unpack = 0, total = 0 } = baked.timings;
      const timings = {
        downloading: seconds(fetched - started),
        opening: seconds((open + unpack) * 1000),
        encoding: seconds((total - open - unpack) * 1000),
        uploading: seconds(performance.now() - bakedAt),
      };
      return { ...mainOutput(baked), ...stored, timings };
    };

    try {
      return await withTempFolder(tempDir, workName, bakeIn);
    } catch (error) {
      throw withErrorCode((await encoderFaults?.(jobId, error, signal)) ?? error, tempDir);
    } finally {
      reporter?.end();
    }
  };
}

async function fetchTape(
  source: TapeSource,
  zipUrl: string,
  file: string,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<void> {
  const onBytes = (bytes: number, total?: number) =>
    onProgress(stageProgress('downloading', total ? bytes / total : 0));
  onProgress(stageProgress('downloading', 0));
  await source.fetch(new URL(zipUrl), file, { signal, onProgress: onBytes });
}

/** Stores the outputs one after the other, and returns their URLs by kind, or their keys. */
async function storeOutputs(
  storage: Pick<OutputStorage, 'put'>,
  request: BakeRequest,
  outputs: readonly OutputReport[],
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Pick<BakeResult, 'outputs' | 'keys'>> {
  const { mongoId, replaces } = request;
  const name = fileNameOf(request);
  const acl = aclOf(request);
  const urls: Record<string, string> = {};
  const keys: Record<string, string> = {};
  for (const [done, { kind, format, path }] of outputs.entries()) {
    onProgress(stageProgress('uploading', done / outputs.length));
    urls[kind] = await storage.put({ name, kind, format, path, mongoId, acl, replaces }, signal);
    keys[kind] = keyFor(name, kind, format);
  }
  return hasKeys(request) ? { outputs: {}, keys } : { outputs: urls };
}

/** The facts of the first output, which is the one that people wait for. */
function mainOutput({ outputs, duration }: BakeReport): Omit<BakeResult, 'outputs'> {
  const { width, height, bytes } = outputs[0]!;
  return { width, height, duration, bytes, thumbnail: thumbnailIn(outputs) };
}

function thumbnailIn(outputs: readonly OutputReport[]): BakeResult['thumbnail'] {
  const thumbnail = outputs.find(({ kind }) => kind === 'thumbnail');
  if (thumbnail?.thumbHash === undefined) return undefined;
  const { width, height, thumbHash } = thumbnail;
  return { width, height, thumbHash };
}

/** The output with the scale that holds where its request says nothing. */
function withScale(output: OutputRequest, usual: Scale): OutputRequest {
  return { ...output, scale: output.scale ?? (hasForm(output.kind, 'still') ? undefined : usual) };
}

/** Gives one stage its time. Throws BAKE_TIMEOUT when it takes longer. */
function withStageTimeout<T>(
  stage: Stage,
  timeoutSeconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooSlow = (cause: unknown) =>
    new BakeError('BAKE_TIMEOUT', `The stage ${stage} took too long.`, { cause });
  return withDeadline(timeoutSeconds * 1000, signal, tooSlow, work);
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** Begin and end of each stage in the progress of the whole: about the time that they take for an ordinary tape. */
const SHARES: Readonly<Record<Stage, readonly [number, number]>> = {
  downloading: [0, 0.1],
  opening: [0.1, 0.15],
  encoding: [0.15, 0.9],
  uploading: [0.9, 1],
};

/** The progress of the whole when `part` (0 to 1) of a stage is done. */
export function stageProgress(stage: Stage, part: number): StageProgress {
  const [from, to] = SHARES[stage];
  const within = Math.min(1, Math.max(0, part));
  return { stage, progress: Math.round((from + (to - from) * within) * 1000) / 1000 };
}

/** The progress of the whole for a progress of the bake library. */
export function fromBakeProgress({ stage, progress }: BakeProgress): StageProgress {
  return stage === 'open' || stage === 'unpack'
    ? stageProgress('opening', 0)
    : stageProgress('encoding', progress);
}

/** Codes of the system for a lack of memory, processes or open files. */
const BUSY: readonly unknown[] = ['ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE'];

/** Codes of the system for a disk that takes no writes, and for a folder or file that is gone. */
const UNUSABLE: readonly unknown[] = ['EROFS', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR'];

/** The error that a job fails with: an error of the system gets a code of ours; any other untyped error is a bug. */
export function withErrorCode(error: unknown, tempDir: string): unknown {
  const full = diskFull(error);
  if (full) return full;
  if (BUSY.includes((error as NodeJS.ErrnoException | null)?.code)) {
    return new BakeError('MACHINE_BUSY', undefined, { cause: error });
  }
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  const isOfDisk = code === 'EIO' || (path?.startsWith(tempDir) && UNUSABLE.includes(code));
  if (isOfDisk) return new BakeError('TEMP_DIR_UNUSABLE', undefined, { cause: error });
  if (error instanceof BakeError && error.code === 'TAPE_NOT_FOUND') {
    // The tape was fetched a moment ago, so another program removed it.
    const message = 'The folder for working files (TEMP_DIR) lost a file.';
    return new BakeError('TEMP_DIR_UNUSABLE', message, { cause: error });
  }
  return error;
}
