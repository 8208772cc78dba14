import { PNG } from 'pngjs';
import { PngFault, readPng, repack, unpackRows } from '../../../service/bake/frames/png.ts';
import { pngSuite } from '../../corpora/pngsuite.ts';
import { pick } from '../../tapes/random.ts';
import { chunksOf, mutatePng, pngOf } from '../mutate/png.ts';
import { Finding, type Target } from '../target.ts';

const seeds = pngSuite().map(({ bytes }) => bytes);
/** Pixels up to which the other decoder is asked: it is slow, and has no bound. */
const MAX_PIXELS = 100_000;

/** Takes PNGs apart and unpacks their rows. What Oven packs anew has the same pixels by an independent decoder. */
export const target: Target = {
  deadlineMs: 20_000,
  make: (random) => mutatePng(random, pick(random, seeds), pick(random, seeds)),
  open: async () => ({
    run: async (input) => {
      const repacked = await repackOrNot(input);
      if (repacked === undefined) return 'refused';
      const comparable = withoutStrayTransparency(input);
      const expected = comparable && pixelsOf(comparable);
      if (expected === undefined) return 'read by Oven alone';
      const found = pixelsOf(repacked);
      if (!found) throw new Finding('pngjs reads the PNG, but not what Oven makes of it.');
      if (!found.equals(expected)) throw new Finding('Oven makes other pixels of the PNG than pngjs.');
      return 'read by both';
    },
    close: async () => [],
  }),
};

async function repackOrNot(input: Buffer): Promise<Buffer | undefined> {
  try {
    const parts = readPng(input);
    // As a tape with a frame of another size: refused by its header, before anything is unpacked.
    if (parts.header.width * parts.header.height > MAX_PIXELS) return undefined;
    await unpackRows(parts);
    return await repack(parts);
  } catch (error) {
    if (error instanceof PngFault) return undefined;
    throw error;
  }
}

/**
 * The PNG without a tRNS that pngjs heeds although it means nothing: PNG's specification allows one, before the pixels. libpng and Oven
 * ignore any other. Undefined if there are several before the pixels.
 */
function withoutStrayTransparency(input: Buffer): Buffer | undefined {
  const chunks = chunksOf(input);
  const pixels = chunks.findIndex(({ type }) => type === 'IDAT');
  const kept = chunks.filter(({ type }, n) => type !== 'tRNS' || n < pixels);
  if (kept.filter(({ type }) => type === 'tRNS').length > 1) return undefined;
  return kept.length === chunks.length ? input : pngOf(kept);
}

/** The pixels by pngjs; undefined for what it can't decode. */
export function pixelsOf(png: Buffer): Buffer | undefined {
  try {
    return PNG.sync.read(png).data;
  } catch {
    return undefined;
  }
}
