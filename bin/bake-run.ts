import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { bake } from '../service/bake/bake.ts';
import { BakeError } from '../service/bake/errors.ts';
import { DEFAULT_LIMITS, LIMITS, type Limits } from '../service/bake/limits.ts';
import {
  type FormatKind,
  type Moment,
  OUTPUT_KINDS,
  OUTPUTS,
  type OutputKind,
  type OutputRequest,
  type StillFormat,
} from '../service/bake/outputs.ts';
import { SHARE_FPS, type ShareFps, type ShareFrame } from '../service/bake/plan/share.ts';
import type { Background, Scale } from '../service/bake/plan/size.ts';
import { sweepTempFolders } from '../service/bake/temp-folder.ts';
import { CommandError, USAGE } from './error.ts';
import { fileNameOf } from './file-name.ts';
import { showProgress } from './progress.ts';
import { renderReport, reportJson } from './report.ts';

/** Options of `oven bake`. */
export interface BakeOptions {
  readonly out: string;
  readonly scale?: Scale;
  readonly format?: readonly FormatKind[];
  readonly thumbnailAt?: Moment;
  readonly thumbnailFormat: StillFormat;
  readonly shareFrame: ShareFrame;
  readonly shareFps: `${ShareFps}`;
  readonly shareBackground?: Background;
  readonly shareSilence: boolean;
  readonly json?: true;
}

/** Bakes one tape, and prints a report. Throws CommandError with one line that says why a tape can not be baked. */
export async function run(tape: string, options: BakeOptions): Promise<void> {
  const { limits, scale: usualScale } = await readEnvironment(process.env);
  const scale = options.scale ?? usualScale;
  const stop = new AbortController();
  // `once` removes a listener before it calls it, and a second signal would then end the process before the bake cleans up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  const tempDir = process.env.TEMP_DIR ? resolve(process.env.TEMP_DIR) : tmpdir();
  await sweepTempFolders(tempDir); // the folder of a bake that was killed
  const progress = await showProgress(process.stderr, options.json === true);
  const outputs: OutputRequest[] = [
    ...(options.format ?? ['mp4' as const]).map((kind) => ({ kind, scale, ...kindOptions(kind, options) })),
    ...OUTPUT_KINDS.filter((kind) => OUTPUTS[kind].cli === 'always').map((kind) => ({
      kind,
      ...kindOptions(kind, options),
    })),
  ];
  try {
    const report = await bake(resolve(tape), {
      outDir: resolve(options.out),
      name: fileNameOf(tape),
      outputs,
      limits,
      tempDir,
      signal: stop.signal,
      onProgress: progress.update,
    });
    progress.end();
    process.stdout.write(options.json ? `${reportJson(report)}\n` : renderReport(report));
  } catch (error) {
    progress.end();
    if (!(error instanceof BakeError)) throw error;
    throw new CommandError(`${tape}: ${error.message} [${error.code}]`, undefined, { cause: error });
  }
}

/** The options that only one kind has. */
function kindOptions(kind: OutputKind, options: BakeOptions): Omit<OutputRequest, 'kind'> {
  if (kind === 'thumbnail') return { at: options.thumbnailAt, format: options.thumbnailFormat };
  if (kind !== 'share') return {};
  return {
    fps: SHARE_FPS.find((fps) => String(fps) === options.shareFps),
    frame: options.shareFrame,
    background: options.shareBackground,
    silence: options.shareSilence,
  };
}

/** Loads the reader of variables only where one of them is set: loading it takes longer than opening a short tape. */
async function readEnvironment(env: NodeJS.ProcessEnv): Promise<{ limits: Limits; scale: Scale }> {
  const names = [...Object.values(LIMITS).map(({ variable }) => variable), 'OUTPUT_SCALE'];
  if (!names.some((name) => env[name])) return { limits: DEFAULT_LIMITS, scale: 'auto' };
  const { ConfigError, readBakeVariables } = await import('../service/config/read.ts');
  try {
    return readBakeVariables(env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(error.message.replaceAll('\n', '; '), USAGE, { cause: error });
  }
}
