import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { BAKE_TIMEOUT_SECONDS, DEFAULT_LIMITS, type Limits } from './limits.ts';
import { DEFAULT_OUTPUTS, inOrder, type OutputRequest } from './outputs.ts';
import type { Progress } from './report.ts';

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
  /** A folder for the working files that the caller made, and removes after the bake; then `tempDir` is not used. */
  readonly workFolder?: string;
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

export type ResolvedOptions = Required<Omit<BakeOptions, 'signal' | 'workFolder'>> &
  Pick<BakeOptions, 'workFolder'> & { readonly signal: AbortSignal };

/** Fills in the defaults. Throws TypeError for a name that is a path. */
export function resolveOptions(options: BakeOptions): ResolvedOptions {
  // It becomes part of paths: whoever passes on a stranger's name must have checked it.
  if (options.name === '' || options.name !== basename(options.name)) {
    throw new TypeError('name must be the name of a file, without folders');
  }
  const { timeoutSeconds = BAKE_TIMEOUT_SECONDS, signal, outputs = DEFAULT_OUTPUTS } = options;
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
