import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OutputReport } from './report.ts';
import { diskFull } from './workspace.ts';

/**
 * Moves finished files to `outDir`, under their own names; each appears there whole or not at all. Throws DISK_FULL.
 */
export async function publish(outputs: readonly OutputReport[], outDir: string): Promise<OutputReport[]> {
  await mkdir(outDir, { recursive: true });
  return Promise.all(
    outputs.map(async (output) => {
      const path = join(outDir, basename(output.path));
      await move(output.path, path);
      return { ...output, path };
    }),
  );
}

async function move(from: string, to: string): Promise<void> {
  try {
    return await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
  }
  // Another file system: what is copied gets its name only when it is whole.
  const partial = `${to}.${process.pid}.part`;
  try {
    await copyFile(from, partial);
    await rename(partial, to);
  } catch (cause) {
    await rm(partial, { force: true });
    throw diskFull(cause) ?? cause;
  }
}
