import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withIdleCores } from '../../../service/bake/encode/cores.ts';
import { planPieces } from '../../../service/bake/encode/pieces.ts';
import { decodeOrder } from '../../../service/bake/encode/x264.ts';

/** Samples of these pictures, each a tick long. */
const samplesOf = (pictures: readonly number[]) =>
  pictures.map((picture, n) => ({ picture, start: n, end: n + 1 }));
const each = (count: number) => samplesOf(Array.from({ length: count }, (_, n) => n));
const HD = 1280 * 720;

it.each<[string, ReturnType<typeof each>, number, number, string]>([
  ['one encoder makes all', each(480), HD, 1, '0-480'],
  ['two share many pictures', each(480), HD, 2, '0-240 240-480'],
  ['a piece has an even number', each(481), HD, 2, '0-240 240-481'],
  ['few pictures are not worth a second encoder', each(90), HD, 2, '0-90'],
  ['nor are many small ones', each(480), 64 * 48, 2, '0-480'],
  ['a picture stays in one piece', samplesOf([0, 1, 2, 3, 3, 3, 3, 4, 5, 6]), 20 * HD, 2, '0-8 8-10'],
  ['a picture that lasts to the end does too', samplesOf([0, 1, 1, 1]), 100 * HD, 2, '0-4'],
])('planPieces divides samples: %s', (_, samples, pixels, encoders, pieces) => {
  const told = planPieces(samples, pixels, encoders).map(({ from, to }) => `${from}-${to}`);
  expect(told.join(' ')).toBe(pieces);
});

it('Pieces follow each other, and each begins with a new picture after an even number of samples', () => {
  const steps = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (steps, encoders) => {
      let picture = 0;
      const samples = samplesOf(steps.map((step) => (picture += step)));
      const pieces = planPieces(samples, 1e8, encoders);
      expect(pieces.length).toBeLessThanOrEqual(encoders);
      expect(pieces.map(({ from }) => from)).toEqual([0, ...pieces.slice(0, -1).map(({ to }) => to)]);
      expect(pieces.at(-1)!.to).toBe(samples.length);
      for (const { from, to } of pieces) {
        expect(to).toBeGreaterThan(from);
        expect(from % 2).toBe(0);
        if (from > 0) expect(samples[from]!.picture).not.toBe(samples[from - 1]!.picture);
      }
    }),
  );
});

it('No sample of a piece waits for one of the next piece', () => {
  const pieces = [
    { from: 0, to: 8 },
    { from: 8, to: 14 },
  ];
  expect(decodeOrder(pieces).join(' ')).toBe('0 4 1 2 3 7 5 6 8 12 9 10 11 13');
});

it('A bake takes the cores that the others leave idle, and at least one', async () => {
  const taken: number[] = [];
  const take = (most: number, then: () => Promise<void>) =>
    withIdleCores(4, most, async (cores) => {
      taken.push(cores);
      await then();
    });
  await take(2, () => take(3, () => take(2, async () => {})));
  await take(8, async () => {});
  expect(taken).toEqual([2, 2, 1, 4]);
});

it('A bake that fails gives its cores back', async () => {
  const failing = withIdleCores(2, 2, () => Promise.reject(new Error('it failed')));
  await expect(failing).rejects.toThrow('it failed');
  expect(await withIdleCores(2, 2, async (cores) => cores)).toBe(2);
});
