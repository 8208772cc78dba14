import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pngSuite } from '../../corpora/pngsuite.ts';
import { pathOf, timed, useBakeFixture } from '../fixture.ts';
import { decodePicture } from '../inspect.ts';
import { failure } from '../scratch.ts';
import { decodePng, farthest, likeness } from './decode.ts';
import { seeFrames, useImages } from './seen.ts';

const fixture = useBakeFixture();
const images = useImages();
const FILES = pngSuite();
const BY_SIZE = Map.groupBy(
  FILES.filter(({ valid }) => valid),
  ({ size }) => size,
);

it('The PngSuite is complete', () => {
  expect(FILES).toHaveLength(175);
  expect(FILES.filter(({ valid }) => !valid)).toHaveLength(14);
});

describe('valid PNGs', () => {
  it.each([...BY_SIZE])(
    'Valid PNGs of %s are seen as another decoder sees them, within rounding',
    async (_size, files) => {
      await fixture.compose(
        timed(
          files.map(({ bytes }) => bytes),
          files.map(() => 40),
        ),
      );
      const { pictures } = await seeFrames(fixture.path('tape.zip'), images);
      for (const [n, { name, bytes }] of files.entries()) {
        expect(farthest(decodePng(pictures[n]!).pixels, decodePng(bytes).pixels), name).toBeLessThanOrEqual(
          1,
        );
      }
    },
  );
});

describe('invalid PNGs', () => {
  it.each(FILES.filter(({ valid }) => !valid))('The invalid PNG $name is refused', async ({ bytes }) => {
    await fixture.compose(timed([bytes], [40]));
    expect((await failure(fixture.bake())).code).toMatch(/^FRAME_(CORRUPT|NOT_PNG)$/);
  });
});

it('A video can mix frames of all kinds', async () => {
  // Two neighbours with the same bytes are one picture.
  const files = BY_SIZE.get('32×32')!.filter(({ bytes }, n, all) => !all[n - 1]?.bytes.equals(bytes));
  await fixture.compose(
    timed(
      files.map(({ bytes }) => bytes),
      files.map(() => 40),
    ),
  );
  const report = await fixture.bake({ outputs: [{ kind: 'mp4', scale: 8 }] });
  expect(report.uniqueFrames).toBe(files.length);
  for (const n of files.keys()) {
    if (n % 24 !== 0) continue;
    const { width, height, pixels } = decodePng(files[n]!.bytes);
    const shown = await decodePicture(pathOf(report, 'mp4'), n, width, height);
    expect(likeness(shown, pixels), files[n]!.name).toBeGreaterThanOrEqual(40);
  }
});

describe('small pictures', () => {
  it.each(['1×1', '3×3', '8×32', '33×33'])('A tape of %s becomes every kind of output', async (size) => {
    const { name, bytes } = BY_SIZE.get(size)![0]!;
    await fixture.compose(timed([bytes], [40]));
    const report = await fixture.bake({ outputs: [{ kind: 'mp4' }, { kind: 'gif' }, { kind: 'thumbnail' }] });
    const { width, height, pixels } = decodePng(bytes);
    const shown = {
      mp4: await decodePicture(pathOf(report, 'mp4'), 0, width, height),
      gif: await centres(pathOf(report, 'gif'), width, height),
      thumbnail: await centres(pathOf(report, 'thumbnail'), width, height),
    };
    for (const [kind, found] of Object.entries(shown)) {
      expect(likeness(found, pixels), `${name} as ${kind}`).toBeGreaterThanOrEqual(40);
    }
  });
});

/** The pixels at the centres of `width` × `height` equal blocks. */
async function centres(path: string, width: number, height: number): Promise<Buffer> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const samples = Array.from({ length: width * height }, (_, n) => {
    const x = Math.floor((((n % width) + 0.5) * info.width) / width);
    const y = Math.floor(((Math.floor(n / width) + 0.5) * info.height) / height);
    return data.subarray((y * info.width + x) * info.channels).subarray(0, 3);
  });
  return Buffer.concat(samples);
}
