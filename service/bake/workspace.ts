import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BakeError } from './errors.ts';
import type { OutputReport } from './report.ts';

/**
 * Runs `work` in a new folder of its own below `tempDir`, and removes the folder whatever happens. Its name begins with
 * `tape-` and the tape's name, so that an operator sees whose it is. Throws DISK_FULL and TEMP_DIR_UNUSABLE.
 */
export async function withWorkspace<T>(
  tempDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await makeFolder(tempDir, name);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function makeFolder(tempDir: string, name: string): Promise<string> {
  try {
    return await mkdtemp(join(tempDir, `tape-${name.slice(0, 64)}-`));
  } catch (cause) {
    const message = 'The folder for working files (TEMP_DIR) is missing or not writable.';
    throw diskFull(cause) ?? new BakeError('TEMP_DIR_UNUSABLE', message, { cause });
  }
}

/** The error to throw when a write failed for want of room; undefined for any other failure. */
export function diskFull(cause: unknown, what = 'working files'): BakeError | undefined {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined;
  return new BakeError('DISK_FULL', `There is no room left on the disk for the ${what}.`, { cause });
}

/**
 * Moves finished files to `outDir`, under their own names; each appears there whole or not at all. All of them lie in
 * that folder before the first gets its name, so that a lack of room leaves none. (A file that was there
 * before under such a name is replaced, and not brought back when a later one fails.) Throws DISK_FULL and
 * OUTPUT_NOT_WRITABLE.
 */
export async function publish(outputs: readonly OutputReport[], outDir: string): Promise<OutputReport[]> {
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
    const left = [...moves.map(({ partial }) => partial), ...placed];
    await Promise.allSettled(left.map((file) => rm(file, { force: true })));
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
