import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planScale, SCALES, type Scale } from '../../../service/bake/plan/size.ts';

describe('auto', () => {
  it.each<[number, number, number, number, number]>([
    [337, 160, 2, 674, 320],
    [337, 176, 2, 674, 352],
    [160, 337, 2, 320, 674],
    [320, 240, 4, 1280, 960],
    [321, 240, 2, 642, 480],
    [256, 256, 4, 1024, 1024],
    [195, 422, 2, 390, 844],
    [640, 480, 2, 1280, 960],
    [128, 128, 10, 1280, 1280],
    [800, 600, 2, 1600, 1200],
    [1024, 1024, 2, 2048, 2048],
    [1025, 1024, 1, 1026, 1024],
    [1280, 720, 1, 1280, 720],
    [1448, 1448, 1, 1448, 1448],
    [1449, 1447, 1, 1450, 1448],
    [1, 1, 1280, 1280, 1280],
    [4096, 2, 1, 4096, 2],
  ])(
    'Scale auto of %i × %i enlarges %i times to %i × %i',
    (width, height, factor, videoWidth, videoHeight) => {
      const planned = planScale(width, height, 'auto');
      expect(planned).toMatchObject({ factor, width: videoWidth, height: videoHeight, reduced: false });
    },
  );
});

describe('factor', () => {
  it.each<[Scale, number, number, number, boolean]>([
    [1, 337, 160, 1, false],
    [2, 337, 160, 2, false],
    [4, 337, 160, 4, false],
    [4, 1024, 1024, 4, false],
    [4, 1025, 1024, 2, true],
    [4, 1448, 1448, 2, true],
    [6, 640, 480, 6, false],
    [6, 683, 480, 4, true],
    [8, 512, 512, 8, false],
    [8, 513, 512, 6, true],
    [8, 1024, 768, 4, true],
    [2, 2048, 1024, 2, false],
    [2, 2049, 1023, 1, true],
  ])('Scale %s of %i × %i becomes %i (reduced: %s)', (scale, width, height, factor, reduced) => {
    expect(planScale(width, height, scale)).toMatchObject({ factor, reduced });
  });
});

describe('maxPixels', () => {
  it.each<[Scale, number, number, number, number, boolean]>([
    [8, 512, 512, 2048 * 2048, 4, true],
    [8, 512, 513, 2048 * 2048, 2, true],
    [4, 512, 512, 2048 * 2048, 4, false],
    [2, 2048, 1024, 2048 * 2048, 1, true],
    [1, 2048, 1024, 1000, 1, false],
    ['auto', 1024, 1024, 2048 * 2048, 2, false],
    ['auto', 1024, 1025, 2048 * 2048, 1, false],
    ['auto', 1024, 1024, 2048 * 1024, 1, false],
    ['auto', 800, 600, 2048 * 1024, 2, false],
    ['auto', 128, 128, 1024 * 1024, 8, false],
  ])(
    'Scale %s of %i × %i within %i pixels becomes %i (reduced: %s)',
    (scale, width, height, most, factor, reduced) => {
      expect(planScale(width, height, scale, undefined, most)).toMatchObject({ factor, reduced });
    },
  );
});

describe('maxSide', () => {
  it.each<[Scale, number, number, number, number, number, number]>([
    ['auto', 337, 160, 480, 1, 338, 160],
    ['auto', 160, 120, 480, 2, 320, 240],
    ['auto', 100, 75, 480, 4, 400, 300],
    [4, 337, 160, 700, 2, 674, 320],
    ['auto', 640, 480, 480, 0.75, 480, 360],
    [2, 1000, 500, 250, 0.25, 250, 126],
    ['auto', 2000, 1, 200, 0.1, 200, 2],
  ])(
    'Scale %s of %i × %i with maxSide %i enlarges %d times to %i × %i',
    (scale, width, height, maxSide, factor, w, h) => {
      const planned = planScale(width, height, scale, maxSide);
      expect(planned).toMatchObject({ width: w, height: h });
      expect(planned.factor).toBeCloseTo(factor, 9);
    },
  );
});

it('Sizes are even, nothing is cropped, and at most one column and row is added (property)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2048 }),
      fc.integer({ min: 1, max: 2048 }),
      fc.constantFrom(...SCALES),
      fc.option(fc.integer({ min: 16, max: 4096 }), { nil: undefined }),
      (width, height, scale, maxSide) => {
        const planned = planScale(width, height, scale, maxSide);
        const { factor, innerWidth, innerHeight } = planned;
        expect([planned.width % 2, planned.height % 2]).toEqual([0, 0]);
        for (const added of [planned.width - innerWidth, planned.height - innerHeight]) {
          expect([0, 1]).toContain(added);
        }
        expect(Math.max(innerWidth, innerHeight)).toBeLessThanOrEqual(maxSide ?? 4096);
        expect(Math.min(innerWidth, innerHeight)).toBeGreaterThanOrEqual(1);
        if (factor < 1) return;
        expect(factor === 1 || factor % 2 === 0).toBe(true);
        expect([innerWidth, innerHeight]).toEqual([width * factor, height * factor]);
        if (scale !== 'auto') expect(planned.reduced).toBe(factor < scale);
      },
    ),
    { numRuns: 2000 },
  );
});
