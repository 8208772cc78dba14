import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  peakRate,
  planReorderedSamples,
  planSamples,
  type Sample,
} from '../../../service/bake/encode/samples.ts';
import { endsInOrder as endsInOrderOf } from '../../../service/bake/encode/x264.ts';
import type { Timeline } from '../../../service/bake/plan/timeline.ts';

const endsInOrder = (samples: readonly Sample[]) => endsInOrderOf(samples, [{ from: 0, to: samples.length }]);

/** A timeline of pictures that last for so many ticks each. */
function timelineOf(...ticks: readonly number[]): Timeline {
  const starts = ticks.map((_, n) => ticks.slice(0, n).reduce((sum, each) => sum + each, 0));
  return {
    pictures: starts.map((start, frame) => ({ frame, start })),
    end: starts.at(-1)! + ticks.at(-1)!,
  };
}

/** Samples as `picture:start-end`. */
function told(samples: readonly Sample[] | undefined): string | undefined {
  return samples?.map(({ picture, start, end }) => `${picture}:${start}-${end}`).join(' ');
}

it.each<[string, Timeline, string]>([
  ['one sample for each picture', timelineOf(1500, 3000, 1500), '0:0-1500 1:1500-4500 2:4500-6000'],
  ['however long they are', timelineOf(1500, 450_000), '0:0-1500 1:1500-451500'],
  ['two for one that stands alone', timelineOf(9000), '0:0-4500 0:4500-9000'],
  ['but for a tick', timelineOf(1), '0:0-1'],
  [
    'long ones in the middle stay whole',
    timelineOf(1500, 90_000, 1500),
    '0:0-1500 1:1500-91500 2:91500-93000',
  ],
])('planSamples gives each picture its samples: %s', (_, timeline, samples) => {
  expect(told(planSamples(timeline))).toBe(samples);
});

it.each<[string, Timeline, string]>([
  ['times are rounded, each by itself', timelineOf(1500, 1500, 1500), '0:0-1530 1:1530-2970 2:2970-4500'],
  ['of several within a unit, the last is shown', timelineOf(1, 1, 1, 90), '3:0-90'],
  ['what begins with the end is left out', timelineOf(9000, 9000, 1), '0:0-9000 1:9000-18000'],
  ['one alone is halved at a unit', timelineOf(270), '0:0-90 0:90-270'],
  ['but for one unit', timelineOf(90), '0:0-90'],
  ['or less', timelineOf(1), '0:0-90'],
])('planSamples rounds times to units of 90 ticks: %s', (_, timeline, samples) => {
  expect(told(planSamples(timeline, 90))).toBe(samples);
});

describe('planReorderedSamples', () => {
  it('The longest samples are halved', () => {
    const six = (samples: readonly Sample[]) => samples.length === 6;
    expect(told(planReorderedSamples(timelineOf(1500, 3000, 1500), six))).toBe(
      '0:0-1500 1:1500-3000 1:3000-3750 1:3750-4500 2:4500-5250 2:5250-6000',
    );
  });

  it('The last of nearly equal samples is halved', () => {
    const four = (samples: readonly Sample[]) => samples.length === 4;
    expect(told(planReorderedSamples(timelineOf(1501, 1500, 1500), four))).toBe(
      '0:0-1501 1:1501-3001 2:3001-3751 2:3751-4501',
    );
  });

  it.each<[string, readonly number[]]>([
    ['nothing of a tick can be halved', Array(9).fill(1)],
    ['few cuts do not help', Array.from({ length: 16 }, (_, n) => 2 ** (16 - n))],
  ])('planReorderedSamples gives up where halving does not help: %s', (_, ticks) => {
    expect(planReorderedSamples(timelineOf(...ticks), endsInOrder)).toBeUndefined();
  });

  it('Pictures keep their times on any timeline', () => {
    const ticks = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 8, maxLength: 700 });
    fc.assert(
      fc.property(ticks, (each) => {
        const timeline = timelineOf(...each);
        const samples = planReorderedSamples(timeline, endsInOrder) ?? planSamples(timeline);
        expect(samples.every(({ start, end }) => end > start)).toBe(true);
        expect(samples.slice(1).every(({ start }, n) => start === samples[n]!.end)).toBe(true);
        const firsts = timeline.pictures.map((_, n) => samples.find(({ picture }) => picture === n)!.start);
        expect(firsts).toEqual(timeline.pictures.map(({ start }) => start));
        expect(samples.at(-1)!.end).toBe(timeline.end);
      }),
      { numRuns: 50 },
    );
  });
});

it.each<[string, readonly number[], number]>([
  ['one picture', [90_000], 1],
  ['two within a second', [89_999, 1], 2],
  ['two a second apart', [90_000, 1], 1],
  ['the most are in the middle', [90_000, 1500, 1500, 1500, 90_000], 4],
  ['sixty a second', Array(120).fill(1500), 60],
])('peakRate counts the most samples in a second: %s', (_, ticks, rate) => {
  const samples = timelineOf(...ticks).pictures.map(({ frame, start }) => {
    return { picture: frame, start, end: start + ticks[frame]! };
  });
  expect(peakRate(samples)).toBe(rate);
});
