import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BakeError } from './errors.ts';
import type { OutputReport } from './report.ts';
import { diskFull } from './temp-folder.ts';

/**
 * Moves finished files to `outDir`, under their own names; each appears there whole or not at all. All of them lie in
 * that folder before the first gets its name, so that a lack of room leaves none. (A file that had such a name before is
 * replaced, and does not come back when a later one fails.) Throws DISK_FULL and OUTPUT_NOT_WRITABLE.
 */
export async function moveOutputs(outputs: readonly OutputReport[], outDir: string): Promise<OutputReport[]> {
  const moves = outputs.map((output) => {
    const path = join(outDir, basename(output.path));
    return { output, path, partial: join(outDir, `.${randomUUID()}.part`) };
  });
  const placed: string[] = [];
  try {
    await mkdir(outDir, { recursive: true });
    for (const { output, partial } of moves) await move(output.path, partial);
    for (const { partial, path } of moves) {
      await rename(partial, path);
      placed.push(path);
    }
    return moves.map(({ output, path }) => ({ ...output, path }));
  } catch (cause) {
    const files = [...moves.map(({ partial }) => partial), ...placed];
    await Promise.allSettled(files.map((file) => rm(file, { force: true })));
    const message = 'The folder for the finished files can not be made or written to.';
    throw diskFull(cause, 'finished files') ?? new BakeError('OUTPUT_NOT_WRITABLE', message, { cause });
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to);
  }
}
