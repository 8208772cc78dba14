import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  ANIMATION_SECONDS,
  ANIMATION_STEP_MS,
  planAnimation,
  planPages,
} from '../../../service/bake/images/make-images.ts';
import { stillSide } from '../../../service/bake/outputs.ts';
import { pictureAt, planTimeline, TICKS_PER_MS } from '../../../service/bake/plan/timeline.ts';

it.each<[string, number[], [picture: number, delay: number][]]>([
  ['one picture', [1000], [[0, 1000]]],
  ['one short picture', [5], [[0, 40]]],
  [
    'two pictures',
    [80, 120],
    [
      [0, 80],
      [1, 120],
    ],
  ],
  [
    'short pictures between two steps are left out',
    [30, 5, 5, 30, 10],
    [
      [0, 40],
      [3, 40],
    ],
  ],
  [
    'a long tape is cut after six seconds',
    [5000, 5000],
    [
      [0, 5000],
      [1, 1000],
    ],
  ],
])('The pages of an animation follow the timeline: %s', (_, durations, expected) => {
  const pages = planPages(planTimeline(durations, []));
  expect(pages.map(({ picture, delay }) => [picture, delay])).toEqual(expected);
});

it('Every step of an animation shows the right picture for a delay that viewers keep, up to six seconds (property)', () => {
  const duration = fc.oneof(
    fc.double({ min: 0, max: 2000, noNaN: true }),
    fc.double({ min: 0, max: 40, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 60 }), (durations) => {
      const timeline = planTimeline(durations, []);
      const pages = planPages(timeline);
      const endMs = Math.min(timeline.end / TICKS_PER_MS, ANIMATION_SECONDS * 1000);
      let at = 0;
      for (const [n, { picture, delay }] of pages.entries()) {
        expect(delay % 10).toBe(0);
        expect(delay).toBeGreaterThanOrEqual(ANIMATION_STEP_MS);
        if (n > 0) expect(picture).toBeGreaterThan(pages[n - 1]!.picture);
        for (let step = 0; step < delay; step += ANIMATION_STEP_MS) {
          expect(picture).toBe(pictureAt(timeline, (at + step) * TICKS_PER_MS));
        }
        at += delay;
      }
      expect(Math.abs(at - endMs)).toBeLessThanOrEqual(ANIMATION_STEP_MS);
    }),
    { numRuns: 500 },
  );
});

it.each([
  ['150 square pages of 1,024 pixels', 512, 512, 150, 1024, 489],
  ['150 wide pages of 1,024 pixels', 1024, 512, 150, 1024, 692],
  ['150 pages of the usual side', 480, 480, 150, 480, 480],
  ['30 pages of 1,024 pixels', 512, 512, 30, 1024, 1024],
])(
  'The pages of an animation together have at most 36 million pixels: %s',
  (_, width, height, count, side, longer) => {
    const timeline = planTimeline(Array<number>(count).fill(ANIMATION_STEP_MS), []);
    const { size, pages } = planAnimation({ width, height, timeline }, undefined, side);
    expect(pages).toHaveLength(count);
    expect(Math.max(size.width, size.height)).toBe(longer);
    expect(pages.length * size.width * size.height).toBeLessThanOrEqual(36_000_000);
  },
);

it.each([
  ['jpeg', undefined, 512],
  ['jpeg', 9000, 4096],
  ['webp', 300, 300],
  ['webp', 4096, 2048],
] as const)(
  'A thumbnail in %s with maxSide %s has at most %i pixels on its longer side',
  (format, side, most) => {
    expect(stillSide('thumbnail', format, side)).toBe(most);
  },
);
