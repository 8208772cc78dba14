import { afterAll } from 'vitest';
import { type Assumptions, withAssumptions } from '../../../service/bake/frames/assumptions.ts';
import { Frames } from '../../../service/bake/frames/frames.ts';
import { ImageProcess } from '../../../service/bake/images/process.ts';
import { DEFAULT_LIMITS } from '../../../service/bake/limits.ts';
import { openTape } from '../../../service/bake/open/tape.ts';

/** An image process for all tests of a file, which ends with them. */
export function useImages(): ImageProcess {
  const images = new ImageProcess(0);
  afterAll(() => images.stop());
  return images;
}

/** The frames of the tape at `path` as ordinary PNGs, each read and checked, and the assumptions that turned out true. */
export async function seeFrames(
  path: string,
  images: ImageProcess,
): Promise<{ pictures: Buffer[]; assumed: Assumptions }> {
  const { signal } = new AbortController();
  const tape = await openTape(path, DEFAULT_LIMITS);
  try {
    return await withAssumptions(tape, signal, async (assumed) => {
      const frames = new Frames(tape, assumed.alpha, images);
      const pictures: Buffer[] = [];
      for (let n = 0; n < tape.frames.length; n++) {
        const frame = await frames.read(n);
        await frames.check(frame);
        pictures.push(await frames.toOrdinary(frame, signal));
      }
      return { pictures, assumed };
    });
  } finally {
    await tape.close();
  }
}
