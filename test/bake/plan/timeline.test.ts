import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pictureAt,
  planTimeline,
  TICKS_PER_MS,
  type Timeline,
  toTicks,
} from '../../../service/bake/plan/timeline.ts';

const ONE_REFRESH_TICKS = 1500;

/** A tape: the duration of each frame (ms), and its content. There are few contents, so neighbours are often equal. */
const tape = fc
  .array(
    fc.record({
      duration: fc.oneof(
        { weight: 6, arbitrary: fc.double({ min: 0, max: 2000, noNaN: true }) },
        { weight: 2, arbitrary: fc.double({ min: 0, max: 0.05, noNaN: true }) },
        { weight: 2, arbitrary: fc.constantFrom(0, 16.67, 1000 / 60, 10) },
      ),
      content: fc.nat(2),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((frames) => ({
    durations: frames.map(({ duration }) => duration),
    contents: frames.map(({ content }) => content),
  }));

function timelineOf({ durations, contents }: { durations: number[]; contents: number[] }): Timeline {
  return planTimeline(
    durations,
    contents.map((content, n) => n > 0 && content === contents[n - 1]),
  );
}

describe('planTimeline (properties)', () => {
  it('Every frame is on screen during its time, to the tick', () => {
    fc.assert(
      fc.property(tape, ({ durations, contents }) => {
        const planned = timelineOf({ durations, contents });
        let start = 0;
        for (const [frame, duration] of durations.entries()) {
          const end = start + duration * TICKS_PER_MS;
          // Rounding takes up to two ticks, 22 µs. A shorter frame need not be seen.
          if (end - start > 2) {
            for (const ticks of [start + 1, (start + end) / 2, end - 1]) {
              const shown = planned.pictures[pictureAt(planned, ticks)]!.frame;
              expect(contents[shown]).toBe(contents[frame]);
            }
          }
          start = end;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('Every picture starts within 1 ms of its frame, the first at 0, and each after the one before', () => {
    fc.assert(
      fc.property(tape, ({ durations, contents }) => {
        const { pictures } = timelineOf({ durations, contents });
        expect(pictures[0]!.start).toBe(0);
        for (const [n, { frame, start }] of pictures.entries()) {
          const exact = durations.slice(0, frame).reduce((sum, duration) => sum + duration, 0);
          expect(Math.abs(start / TICKS_PER_MS - exact)).toBeLessThan(1);
          if (n > 0) expect(start).toBeGreaterThan(pictures[n - 1]!.start);
          if (n > 0) expect(frame).toBeGreaterThan(pictures[n - 1]!.frame);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('The end of a timeline is the sum of durations within a tick, after the last picture, and never 0', () => {
    fc.assert(
      fc.property(tape, ({ durations, contents }) => {
        const { pictures, end } = timelineOf({ durations, contents });
        const sum = durations.reduce((total, duration) => total + duration, 0) * TICKS_PER_MS;
        expect(Number.isInteger(end)).toBe(true);
        expect(end).toBeGreaterThan(pictures.at(-1)!.start);
        if (Math.round(sum) === 0) expect(end).toBe(ONE_REFRESH_TICKS);
        else expect(Math.abs(end - sum)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});

it.each<[string, number[], number[]]>([
  ['whole ms', [10, 20], [0, 900, 2700]],
  ['thirds do not add up to a drift', [100 / 3, 100 / 3, 100 / 3], [0, 3000, 6000, 9000]],
  ['no time at all: one refresh', [0, 0], [0, 0, ONE_REFRESH_TICKS]],
])('toTicks adds up durations: %s', (_, durations, ticks) => {
  expect(toTicks(durations)).toEqual(ticks);
});

it.each<[string, number[], string, number[], number]>([
  ['all different', [10, 10, 10], 'abc', [0, 1, 2], 2700],
  ['equal neighbours', [10, 10, 10, 10], 'aabb', [0, 2], 3600],
  ['equal, but not neighbours', [10, 10, 10], 'aba', [0, 1, 2], 2700],
  ['one unchanging frame', [10, 10, 10], 'aaa', [0], 2700],
  ['a single frame', [16.67], 'a', [0], 1500],
  ['no time in the middle', [10, 0, 10], 'abc', [0, 2], 1800],
  ['no time at the start', [0, 10], 'ab', [1], 900],
  ['no time at the end', [10, 0], 'ab', [0], 900],
  ['no time, but its equal has some', [10, 0, 10], 'abb', [0, 1], 1800],
])('planTimeline merges frames into pictures: %s', (_, durations, contents, frames, end) => {
  const planned = timelineOf({ durations, contents: [...contents].map((c) => c.charCodeAt(0)) });
  expect(planned.pictures.map(({ frame }) => frame)).toEqual(frames);
  expect(planned.end).toBe(end);
});

it.each([
  [0, 0],
  [899, 0],
  [900, 1],
  [1799, 1],
  [1800, 2],
  [99_999, 2],
])('pictureAt: %i ticks → picture %i', (ticks, picture) => {
  const pictures = [0, 900, 1800].map((start, frame) => ({ frame, start }));
  expect(pictureAt({ pictures, end: 2700 }, ticks)).toBe(picture);
});
