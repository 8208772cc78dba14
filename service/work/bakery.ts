import { join } from 'node:path';
import { bake } from '../bake/bake.ts';
import { BakeError } from '../bake/errors.ts';
import type { Limits } from '../bake/limits.ts';
import type { OutputKind, OutputRequest } from '../bake/outputs.ts';
import type { Scale } from '../bake/plan/scale.ts';
import type { BakeReport } from '../bake/report.ts';
import type { ReportProgress } from '../callback/progress.ts';
import type { BakeContext } from '../queue/bake-one.ts';
import {
  type BakeRequest,
  type BakeResult,
  fileNameOf,
  type Stage,
  type StageProgress,
} from '../queue/job.ts';
import { withFolder } from './folder.ts';
import { overall, whileBaking } from './stages.ts';
import { typed } from './typed.ts';

export interface BakeryOptions {
  /** Where tapes come from. Fails with typed errors. */
  readonly source: {
    fetch(
      zipUrl: URL,
      file: string,
      how: { signal: AbortSignal; onProgress?: (bytes: number, total?: number) => void },
    ): Promise<unknown>;
  };
  /** Where finished files go; gives their public URL. Fails with typed errors. */
  readonly blobs: {
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
export function openBakery(options: BakeryOptions) {
  return {
    /** Bakes one tape. Nothing is left in TEMP_DIR, however it ends. */
    bake: async (request: BakeRequest, context: BakeContext): Promise<BakeResult> => {
      const { jobId, signal, onProgress, alone } = context;
      const teller = options.reportProgress?.(request, jobId);
      const tell = (progress: StageProgress) => {
        onProgress(progress);
        teller?.tell(progress);
      };
      try {
        const name = `tape-${request.slug}-${jobId}`;
        return await withFolder(options.tempDir, name, (folder) =>
          bakeIn(folder, request, { ...options, signal, tell, alone }),
        );
      } catch (error) {
        throw typed(error);
      } finally {
        teller?.end();
      }
    },
  };
}

interface Work extends BakeryOptions {
  readonly signal: AbortSignal;
  readonly tell: (progress: StageProgress) => void;
  readonly alone: BakeContext['alone'];
}

async function bakeIn(folder: string, request: BakeRequest, work: Work): Promise<BakeResult> {
  const { tell, source, limits, timeoutSeconds } = work;
  const tape = join(folder, 'tape.zip');
  const started = performance.now();
  tell(overall('downloading', 0));
  await inTime('downloading', work, (signal) =>
    source.fetch(new URL(request.zipUrl), tape, {
      signal,
      onProgress: (bytes, total) => tell(overall('downloading', total ? bytes / total : 0)),
    }),
  );
  const fetched = performance.now();
  const { ffmpeg } = work;
  const report = await bake(tape, {
    ...{ outDir: join(folder, 'out'), tempDir: folder, name: request.slug, limits, timeoutSeconds },
    ...{ niceness: NICENESS, ...(ffmpeg !== undefined && { ffmpeg }) },
    outputs: request.outputs.map((output) => scaled(output, work.scale)),
    signal: work.signal,
    onProgress: (progress) => tell(whileBaking(progress)),
  });
  const baked = performance.now();
  // Each file has an owner, and one that is another's is never replaced; together, that no other tape takes the next one meanwhile.
  const outputs = await inTime('uploading', work, (signal) =>
    work.alone(() => store(request, report, work, signal), signal),
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

async function store(
  request: BakeRequest,
  { outputs }: BakeReport,
  { blobs, tell }: Work,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { mongoId, replaces } = request;
  const name = fileNameOf(request);
  const urls: Record<string, string> = {};
  for (const [done, { kind, path }] of outputs.entries()) {
    tell(overall('uploading', done / outputs.length));
    urls[kind] = await blobs.put({ name, kind, path, mongoId, replaces }, signal);
  }
  return urls;
}

/** Of the file that people wait for: the first. */
function resultOf({ outputs, duration }: BakeReport): Omit<BakeResult, 'outputs'> {
  const { width, height, bytes } = outputs[0]!;
  return { width, height, duration, bytes };
}

function scaled({ kind, scale, maxSide }: BakeRequest['outputs'][number], otherwise: Scale): OutputRequest {
  const factor = scale ?? (kind === 'thumbnail' ? undefined : otherwise);
  return { kind, ...(factor !== undefined && { scale: factor }), ...(maxSide !== undefined && { maxSide }) };
}

async function inTime<T>(
  stage: Stage,
  { signal, timeoutSeconds }: Work,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    return await work(AbortSignal.any([signal, timeout]));
  } catch (cause) {
    if (signal.aborted || !timeout.aborted) throw cause;
    throw new BakeError('BAKE_TIMEOUT', `The tape was ${stage} for too long.`, { cause });
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
