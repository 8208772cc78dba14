import { availableParallelism, tmpdir } from 'node:os';
import { basename } from 'node:path';
import { BAKE_TIMEOUT_SECONDS, DEFAULT_LIMITS, type Limits } from './limits.ts';
import { DEFAULT_OUTPUTS, inOrder, type OutputRequest } from './outputs.ts';
import type { BakeProgress } from './report.ts';

/** How a tape is baked. Only `outDir` and `name` have no default. */
export interface BakeOptions {
  /** Folder in which the finished files appear, whole or not at all. */
  readonly outDir: string;
  /** Files are named `<name>.mp4`, `<name>-thumb.jpg` and so on. */
  readonly name: string;
  readonly outputs?: readonly OutputRequest[];
  readonly limits?: Limits;
  /** The bake has a working folder below this one, which is removed when the bake ends, however it ends. */
  readonly tempDir?: string;
  /** A working folder that the caller has made, and removes after the bake. `tempDir` is not used then. */
  readonly workFolder?: string;
  /** Seconds that the whole bake may take. */
  readonly timeoutSeconds?: number;
  /** Seconds without any progress after which ffmpeg is killed. */
  readonly stallSeconds?: number;
  /** Aborting it stops the bake: the encoder is killed, and BAKE_ABORTED is thrown. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BakeProgress) => void;
  /** How far ffmpeg and the image process stand back behind other programs for the processor: 0 to 19, as `nice` counts; 0 when left out. */
  readonly niceness?: number;
  /** The machine's processor cores. Several encoders share the pictures of a video where the other bakes of this process leave cores idle. */
  readonly cores?: number;
  /** ffmpeg: a name on the PATH, or a path. */
  readonly ffmpeg?: string;
}

export type ResolvedOptions = Required<Omit<BakeOptions, 'signal' | 'workFolder'>> &
  Pick<BakeOptions, 'workFolder'> & { readonly signal: AbortSignal };

/** Fills in the defaults. Throws TypeError for a name that is a path. */
export function resolveOptions(options: BakeOptions): ResolvedOptions {
  // The name becomes part of paths. A caller that got it from a stranger has to check more.
  if (options.name === '' || options.name !== basename(options.name)) {
    throw new TypeError('name must be the name of a file, without folders');
  }
  const { timeoutSeconds = BAKE_TIMEOUT_SECONDS, signal, outputs = DEFAULT_OUTPUTS } = options;
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  return {
    limits: DEFAULT_LIMITS,
    tempDir: tmpdir(),
    stallSeconds: 30,
    niceness: 0,
    cores: availableParallelism(),
    ffmpeg: 'ffmpeg',
    onProgress: () => {},
    ...options,
    outputs: inOrder(outputs),
    timeoutSeconds,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
}
