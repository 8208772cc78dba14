import { describe, expect, test } from 'vitest';
import { pngSuite } from '../../corpora/pngsuite.ts';
import { pathOf, timed, useKitchen } from '../kitchen.ts';
import { decodePicture } from '../look.ts';
import { failure } from '../scratch.ts';
import { decodePng, farthest, likeness } from './decode.ts';
import { seeFrames, useImages } from './seen.ts';

const kitchen = useKitchen();
const images = useImages();
const FILES = pngSuite();
const BY_SIZE = Map.groupBy(
  FILES.filter(({ valid }) => valid),
  ({ size }) => size,
);

test('the suite is whole', () => {
  expect(FILES).toHaveLength(175);
  expect(FILES.filter(({ valid }) => !valid)).toHaveLength(14);
});

describe('a valid PNG is seen as another decoder sees it, within rounding', () => {
  test.each([...BY_SIZE])('%s', async (_size, files) => {
    await kitchen.compose(
      timed(
        files.map(({ bytes }) => bytes),
        files.map(() => 40),
      ),
    );
    const { pictures } = await seeFrames(kitchen.path('tape.zip'), images);
    for (const [n, { name, bytes }] of files.entries()) {
      expect(farthest(decodePng(pictures[n]!).pixels, decodePng(bytes).pixels), name).toBeLessThanOrEqual(1);
    }
  });
});

describe('an invalid PNG is refused', () => {
  test.each(FILES.filter(({ valid }) => !valid))('$name', async ({ bytes }) => {
    await kitchen.compose(timed([bytes], [40]));
    expect((await failure(kitchen.bake())).code).toMatch(/^FRAME_(CORRUPT|NOT_PNG)$/);
  });
});

test('frames of all kinds mixed, in one video', async () => {
  // Two neighbours of the same bytes would be one picture.
  const files = BY_SIZE.get('32×32')!.filter(({ bytes }, n, all) => !all[n - 1]?.bytes.equals(bytes));
  await kitchen.compose(
    timed(
      files.map(({ bytes }) => bytes),
      files.map(() => 40),
    ),
  );
  const report = await kitchen.bake({ outputs: [{ kind: 'mp4', scale: 8 }] });
  expect(report.uniqueFrames).toBe(files.length);
  for (const n of files.keys()) {
    if (n % 8 !== 0) continue;
    const { width, height, pixels } = decodePng(files[n]!.bytes);
    const shown = await decodePicture(pathOf(report, 'mp4'), n, width, height);
    expect(likeness(shown, pixels), files[n]!.name).toBeGreaterThanOrEqual(40);
  }
});
