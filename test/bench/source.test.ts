import { describe, expect, it } from 'vitest';
import { pictureTimes } from '../../bench/probe.ts';
import { picturesShown } from '../../bench/source.ts';
import { burstError, videoError } from '../../bench/timing.ts';

// Five frames of 10 ms, in three runs: 0 0 1 2 2.
const source = { frames: 5, runs: [0, 2, 3], starts: [0, 10, 20, 30, 40, 50] };

describe('the pictures of a video show', () => {
  it.each([
    ['every frame', [0, 10, 20, 30, 40], [0, 1, 2, 3, 4]],
    ['each run once', [0, 20, 30], [0, 2, 3]],
    ['a run again, within its time', [0, 10, 20, 30], [0, 0, 2, 3]],
    ['the last run again, each as early as may be', [0, 19, 29, 48], [0, 2, 3, 3]],
  ])('picturesShown tells the frames of a video with %s', (_, starts, shown) => {
    expect(picturesShown(starts, source)).toEqual(shown);
  });

  it.each([2, 7])('picturesShown throws for a video of %i pictures', (pictures) => {
    expect(() => picturesShown(Array(pictures).fill(0), source)).toThrow(/neither 5 frames nor 3/);
  });
});

describe('the error of the video', () => {
  it.each([
    ['none', [0, 20, 30], 0],
    ['none, with the last frame again', [0, 20, 30, 40], 0],
    ['late by 3 ms', [0, 23, 31], 3],
    ['early by 4 ms', [0, 16, 30], 4],
    ['of a steady rate', [0, 12, 24, 36, 48], 6],
    ['unseen within a run of equal frames', [0, 5, 20, 30, 49], 0],
  ])('The error of a video is that of its worst change: %s', (_, starts, error) => {
    expect(videoError(source, starts)).toBe(error);
  });

  it('The error of a video counts a run of one frame at the end once', () => {
    expect(videoError({ frames: 2, runs: [0, 1], starts: [0, 10, 20] }, [0, 10, 20 - 1])).toBe(0);
  });
});

it('The error of the sound is that of the worst burst, and infinite where one is lost', () => {
  expect(burstError([0.25, 0.75], [0.251, 0.748])).toBeCloseTo(2, 9);
  expect(burstError([0.25, 0.75], [0.25])).toBe(Infinity);
  expect(burstError([], [])).toBe(0);
});

describe('times of pictures', () => {
  const packets = [
    { pts: -1500, duration: 1500, flags: 'KD' },
    { pts: 0, duration: 1500, flags: 'K_' },
    { pts: 4500, duration: 1800, flags: '__' },
    { pts: 1500, duration: 3000, flags: '__' },
  ];

  it('Times of pictures are in the order shown, without pictures that are only decoded', () => {
    const { starts, end } = pictureTimes(packets, '1/90000', 9);
    expect(starts.map((ms) => ms.toFixed(3))).toEqual(['0.000', '16.667', '50.000']);
    expect(end).toBeCloseTo(70, 6);
  });

  it('The last picture ends with the movie where it has no duration', () => {
    const without = packets.map(({ pts, flags }) => ({ pts, flags }));
    expect(pictureTimes(without, '1/90000', 0.0705).end).toBe(70.5);
  });
});
