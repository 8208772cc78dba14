import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bake } from '../../../service/bake/bake.ts';
import { BakeError } from '../../../service/bake/errors.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { openTape } from '../../../service/bake/open/tape.ts';
import type { OutputKind } from '../../../service/bake/outputs.ts';
import { ERRORS } from '../../../service/errors.ts';
import { mutateTape } from '../mutate/tape.ts';
import { Finding, type Target } from '../target.ts';
import { pixelsOf } from './png.ts';

const OUTPUTS: readonly OutputKind[][] = [
  ...Array.from({ length: 9 }, (): OutputKind[] => ['mp4', 'thumbnail']),
  ['webm'],
  ['gif', 'webp'],
];

/**
 * Bakes whole tapes. A tape of this size bakes on any host, so a fault other than the tape's is a finding; so is a file that is left
 * after a failed bake.
 */
export const target: Target = {
  deadlineMs: 180_000,
  make: mutateTape,
  open: async () => {
    const root = await mkdtemp(join(tmpdir(), 'oven-fuzz-'));
    const [path, outDir, tempDir] = [join(root, 'tape.zip'), join(root, 'out'), join(root, 'temp')];
    await mkdir(outDir);
    await mkdir(tempDir);
    return {
      run: async (input) => {
        await writeFile(path, input);
        const kinds = OUTPUTS[input.length % OUTPUTS.length]!;
        const outputs = kinds.map((kind) => ({ kind }));
        const outcome = await bake(path, { outDir, tempDir, name: 'tape', outputs }).then(
          () => 'baked',
          (error: unknown) => codeOf(error, path),
        );
        const made = await readdir(outDir);
        if (made.length !== (outcome === 'baked' ? kinds.length : 0))
          throw new Finding(`left in outDir: ${made}`);
        const left = await readdir(tempDir);
        if (left.length > 0) throw new Finding(`left in tempDir: ${left}`);
        for (const name of made) await rm(join(outDir, name));
        return outcome;
      },
      close: async () => {
        await rm(root, { recursive: true });
        return [];
      },
    };
  },
};

async function codeOf(error: unknown, path: string): Promise<string> {
  if (!(error instanceof BakeError)) throw error;
  const isReadable =
    error.code.startsWith('FRAME_') || ERRORS[error.code].fault !== 'tape' ? await isRead(path) : false;
  if (ERRORS[error.code].fault === 'tape')
    return isReadable ? `${error.code}, and pngjs reads it` : error.code;
  const message = `${error.code}; pngjs ${isReadable ? 'reads' : 'does not read'} every frame`;
  throw new Finding(message, { cause: error });
}

/** Whether pngjs decodes every frame of the tape. */
async function isRead(path: string): Promise<boolean> {
  try {
    await using tape = await openTape(path, DEFAULT_LIMITS);
    for (const frame of tape.frames) if (!pixelsOf(await tape.read(frame))) return false;
    return true;
  } catch {
    return false;
  }
}
