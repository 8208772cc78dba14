import { join } from 'node:path';
import { bake } from '../bake/bake.ts';
import { BakeError } from '../bake/errors.ts';
import type { Limits } from '../bake/limits.ts';
import type { OutputKind, OutputRequest } from '../bake/outputs.ts';
import type { Scale } from '../bake/plan/size.ts';
import type { BakeReport, Progress } from '../bake/report.ts';
import { diskFull, withTempFolder } from '../bake/temp-folder.ts';
import type { ReportProgress } from '../callback/progress.ts';
import { withDeadline } from '../lib/deadline.ts';
import {
  type BakeRequest,
  type BakeResult,
  fileNameOf,
  type Stage,
  type StageProgress,
} from '../queue/job.ts';
import type { BakeContext } from './bake-processor.ts';

export interface TapeBakerOptions {
  /** Where tapes come from. Fails with typed errors. */
  readonly source: {
    fetch(
      zipUrl: URL,
      file: string,
      how: { signal: AbortSignal; onProgress?: (bytes: number, total?: number) => void },
    ): Promise<unknown>;
  };
  /** Where finished files go; gives their public URL. Fails with typed errors. */
  readonly storage: {
    put(
      file: { name: string; kind: OutputKind; path: string; mongoId: string; replaces?: string | undefined },
      signal: AbortSignal,
    ): Promise<string>;
  };
  readonly tempDir: string;
  readonly limits: Limits;
  /** Seconds that fetching, baking and storing may take, each. */
  readonly timeoutSeconds: number;
  /** Of outputs that ask for none. */
  readonly scale: Scale;
  readonly reportProgress?: ReportProgress;
  readonly ffmpeg?: string;
}

/** Requests and Redis come before encoders, which keep all cores busy. */
const NICENESS = 10;

/** A folder of its own for each tape, and what is done in it: fetch, bake, store. */
export function tapeBaker(options: TapeBakerOptions) {
  return {
    /** Bakes one tape. Nothing is left in TEMP_DIR, however it ends. */
    bake: async (request: BakeRequest, context: BakeContext): Promise<BakeResult> => {
      const { jobId, signal, onProgress, withSlugLock } = context;
      const progressReporter = options.reportProgress?.(request, jobId);
      const tell = (progress: StageProgress) => {
        onProgress(progress);
        progressReporter?.report(progress);
      };
      try {
        return await withTempFolder(options.tempDir, `${request.slug}-${jobId}`, (folder) =>
          bakeIn(folder, request, { ...options, signal, tell, withSlugLock }),
        );
      } catch (error) {
        throw withErrorCode(error);
      } finally {
        progressReporter?.end();
      }
    },
  };
}

interface Work extends TapeBakerOptions {
  readonly signal: AbortSignal;
  readonly tell: (progress: StageProgress) => void;
  readonly withSlugLock: BakeContext['withSlugLock'];
}

async function bakeIn(folder: string, request: BakeRequest, work: Work): Promise<BakeResult> {
  const { tell, source, limits, timeoutSeconds } = work;
  const tape = join(folder, 'tape.zip');
  const started = performance.now();
  tell(stageProgress('downloading', 0));
  await withStageTimeout('downloading', work, (signal) =>
    source.fetch(new URL(request.zipUrl), tape, {
      signal,
      onProgress: (bytes, total) => tell(stageProgress('downloading', total ? bytes / total : 0)),
    }),
  );
  const fetched = performance.now();
  const { ffmpeg } = work;
  const report = await bake(tape, {
    ...{ outDir: join(folder, 'out'), workFolder: folder, name: request.slug, limits, timeoutSeconds },
    ...{ niceness: NICENESS, ...(ffmpeg !== undefined && { ffmpeg }) },
    outputs: request.outputs.map((output) => withScale(output, work.scale)),
    signal: work.signal,
    onProgress: (progress) => tell(fromBakeProgress(progress)),
  });
  const baked = performance.now();
  // Each file has an owner, and one that is another's is never replaced; together, that no other tape takes the next one meanwhile.
  const outputs = await withStageTimeout('uploading', work, (signal) =>
    work.withSlugLock(() => storeOutputs(request, report, work, signal), signal),
  );
  const { open = 0, unpack = 0, total = 0 } = report.timings;
  const timings = {
    downloading: seconds(fetched - started),
    opening: seconds((open + unpack) * 1000),
    encoding: seconds((total - open - unpack) * 1000),
    uploading: seconds(performance.now() - baked),
  };
  return { ...resultOf(report), outputs, timings };
}

async function storeOutputs(
  request: BakeRequest,
  { outputs }: BakeReport,
  { storage, tell }: Work,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { mongoId, replaces } = request;
  const name = fileNameOf(request);
  const urls: Record<string, string> = {};
  for (const [done, { kind, path }] of outputs.entries()) {
    tell(stageProgress('uploading', done / outputs.length));
    urls[kind] = await storage.put({ name, kind, path, mongoId, replaces }, signal);
  }
  return urls;
}

/** Of the file that people wait for: the first. */
function resultOf({ outputs, duration }: BakeReport): Omit<BakeResult, 'outputs'> {
  const { width, height, bytes } = outputs[0]!;
  return { width, height, duration, bytes };
}

function withScale(
  { kind, scale, maxSide }: BakeRequest['outputs'][number],
  otherwise: Scale,
): OutputRequest {
  const factor = scale ?? (kind === 'thumbnail' ? undefined : otherwise);
  return { kind, ...(factor !== undefined && { scale: factor }), ...(maxSide !== undefined && { maxSide }) };
}

async function withStageTimeout<T>(
  stage: Stage,
  { signal, timeoutSeconds }: Work,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooSlow = (cause: unknown) =>
    new BakeError('BAKE_TIMEOUT', `The tape was ${stage} for too long.`, { cause });
  return withDeadline(timeoutSeconds * 1000, signal, tooSlow, work);
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** Where each stage begins and ends in the progress of the whole: about as long as they take for an ordinary tape. */
const SHARES: Readonly<Record<Stage, readonly [number, number]>> = {
  downloading: [0, 0.1],
  opening: [0.1, 0.15],
  encoding: [0.15, 0.9],
  uploading: [0.9, 1],
};

/** How far the whole is when `part` (0 to 1) of a stage is done. */
export function stageProgress(stage: Stage, part: number): StageProgress {
  const [from, to] = SHARES[stage];
  const within = Math.min(1, Math.max(0, part));
  return { stage, progress: Math.round((from + (to - from) * within) * 1000) / 1000 };
}

/** What the bake library's progress means for the whole. */
export function fromBakeProgress({ stage, progress }: Progress): StageProgress {
  return stage === 'open' || stage === 'unpack'
    ? stageProgress('opening', 0)
    : stageProgress('encoding', progress);
}

/** What the system says when it has too little of something just now: memory, processes, open files. */
const BUSY: readonly unknown[] = ['ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE'];

/** The error that a job fails with: errors of the system get a code of ours; what remains untyped is a bug. */
export function withErrorCode(error: unknown): unknown {
  const full = diskFull(error);
  if (full) return full;
  if (BUSY.includes((error as NodeJS.ErrnoException | null)?.code)) {
    return new BakeError('MACHINE_BUSY', 'The machine had too much to do.', { cause: error });
  }
  if (error instanceof BakeError && error.code === 'TAPE_NOT_FOUND') {
    // It was fetched a moment ago: somebody took it away.
    const message = 'The folder for working files (TEMP_DIR) lost a file.';
    return new BakeError('TEMP_DIR_UNUSABLE', message, { cause: error });
  }
  return error;
}
