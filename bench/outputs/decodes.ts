import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bake } from '../../service/bake/bake.ts';
import { ImageProcess } from '../../service/bake/images/process.ts';
import type { OutputRequest } from '../../service/bake/outputs.ts';

/** The PNGs that were handed over to be decoded in one bake. */
export interface Decodes {
  /** To ffmpeg. */
  readonly encoder: number;
  /** To the image process. */
  readonly images: number;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Bakes a tape in this process, and counts the PNGs on their way to each decoder. `folder` is for all files. */
export async function countDecodes(
  tape: string,
  outputs: readonly OutputRequest[],
  folder: string,
): Promise<Decodes> {
  const work = await mkdtemp(join(folder, 'decodes-'));
  const inputs = join(work, 'inputs');
  await mkdir(inputs);
  const ffmpeg = join(work, 'ffmpeg');
  // Keeps a copy of what the encoder reads from its standard input. The sound comes from a file.
  const script = `#!/bin/sh
case " $* " in
*' pipe:0 '*) tee '${inputs}'/$$ | ffmpeg "$@" ;;
*) exec ffmpeg "$@" ;;
esac
`;
  await writeFile(ffmpeg, script, { mode: 0o755 });
  const images = countSentPngs();
  try {
    await bake(tape, { outDir: join(work, 'out'), name: 'tape', outputs, ffmpeg });
    const read = (await readdir(inputs)).map((name) => readFile(join(inputs, name)));
    const counts = (await Promise.all(read)).map(countSignatures);
    return { encoder: counts.reduce((sum, count) => sum + count, 0), images: images.count() };
  } finally {
    images.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** The number of PNGs in some bytes. */
export function countSignatures(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(SIGNATURE); at >= 0; at = bytes.indexOf(SIGNATURE, at + 1)) count += 1;
  return count;
}

/** Counts the requests with a PNG to image processes. */
function countSentPngs() {
  const { request } = ImageProcess.prototype;
  let count = 0;
  ImageProcess.prototype.request = function (this: ImageProcess, ...sent: Parameters<typeof request>) {
    if ('png' in sent[0]) count += 1;
    return request.apply(this, sent);
  } as typeof request;
  return {
    count: () => count,
    stop: () => {
      ImageProcess.prototype.request = request;
    },
  };
}
