import { basename, resolve } from 'node:path';
import { bake } from '../service/bake/bake.ts';
import { BakeError } from '../service/bake/errors.ts';
import type { OutputRequest } from '../service/bake/outputs.ts';
import { ConfigError } from '../service/config/error.ts';
import { readLimits } from '../service/config/limits.ts';
import type { BakeOptions } from './bake.ts';
import { CommandError, USAGE } from './error.ts';
import { showProgress } from './progress.ts';
import { renderReport, reportJson } from './report.ts';

/** Bakes one tape, and says what was made or why not. */
export async function run(tape: string, options: BakeOptions): Promise<void> {
  const { limits, scale: usual } = readEnvironment();
  const scale = options.scale ?? usual;
  const stop = new AbortController();
  // Not `once`: a listener gone before it is called lets execa's own take the process down, and nothing is cleaned up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  const progress = showProgress(process.stderr, options.json === true);
  const outputs: OutputRequest[] = [
    ...(options.format ?? ['mp4' as const]).map((kind) => ({ kind, scale })),
    { kind: 'thumbnail' },
  ];
  try {
    const report = await bake(resolve(tape), {
      ...{ outDir: resolve(options.out), name: basename(tape, '.zip'), outputs, limits },
      ...(process.env.TEMP_DIR && { tempDir: resolve(process.env.TEMP_DIR) }),
      ...{ signal: stop.signal, onProgress: progress.update },
    });
    progress.end();
    process.stdout.write(options.json ? `${reportJson(report)}\n` : renderReport(report));
  } catch (error) {
    progress.end();
    if (!(error instanceof BakeError)) throw error;
    throw new CommandError(`${tape}: ${error.message} [${error.code}]`, undefined, { cause: error });
  }
}

function readEnvironment() {
  try {
    return readLimits(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(error.message.replaceAll('\n', '; '), USAGE, { cause: error });
  }
}
