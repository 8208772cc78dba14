import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelOf } from '../../../service/bake/encode/x264.ts';
import {
  planConstantSamples,
  planShareSize,
  SHARE_FPS,
  SHARE_FRAMES,
  type ShareSize,
} from '../../../service/bake/plan/share.ts';
import { planTimeline, TICKS_PER_SECOND } from '../../../service/bake/plan/timeline.ts';

const USUAL: ShareSize = {
  frame: 'source',
  background: '#000000',
  fps: 60,
  scale: 'auto',
  maxSide: 1920,
};

describe('the samples of a share video', () => {
  const pictures = (durations: number[], fps: 30 | 60 = 30) =>
    planConstantSamples(planTimeline(durations, []), fps).map(({ picture }) => picture);

  it.each<[string, number[], number[]]>([
    [
      'a picture begins at the nearest sample',
      [340, 320, 340],
      [...Array(10).fill(0), ...Array(10).fill(1), ...Array(10).fill(2)],
    ],
    [
      'the last of several pictures within a sample stays',
      [500, 1, 1, 498],
      [...Array(15).fill(0), ...Array(15).fill(3)],
    ],
    [
      'a short tape holds its last picture for a second',
      [100, 100],
      [...Array(3).fill(0), ...Array(27).fill(1)],
    ],
    ['the end is rounded up to a whole sample', [1010], Array(31).fill(0)],
  ])('The samples of a share video are right: %s', (_, durations, expected) => {
    expect(pictures(durations)).toEqual(expected);
  });

  it('Each sample has the picture that begins nearest to it, at a constant rate (property)', () => {
    const durations = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(durations, fc.constantFrom(...SHARE_FPS), (durations, fps) => {
        const timeline = planTimeline(durations, []);
        const samples = planConstantSamples(timeline, fps);
        const unit = TICKS_PER_SECOND / fps;
        expect(samples.length).toBe(Math.max(fps, Math.ceil(timeline.end / unit)));
        for (const [n, { picture, start, end }] of samples.entries()) {
          expect([start, end]).toEqual([n * unit, (n + 1) * unit]);
          const begun = timeline.pictures.filter((each) => each.start < (n + 0.5) * unit);
          expect(picture).toBe(Math.max(0, begun.length - 1));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the size of a share video', () => {
  it.each<[string, [number, number], Partial<ShareSize>, object]>([
    [
      'a portrait frame around a wide tape',
      [160, 120],
      { frame: '1080x1920', background: '#204060' },
      {
        factor: 6,
        innerWidth: 960,
        width: 1080,
        height: 1920,
        padding: { left: 60, top: 600, background: '#204060' },
      },
    ],
    [
      'a tape that just fits',
      [1080, 1080],
      { frame: '1080x1080' },
      { factor: 1, padding: { left: 0, top: 0 } },
    ],
    [
      'a tape that is too large is shrunk',
      [2160, 1080],
      { frame: '1080x1080' },
      { factor: 0.5, innerHeight: 540, padding: { left: 0, top: 270 } },
    ],
    ['the frame of the tape', [320, 240], {}, { factor: 4, width: 1280, height: 960 }],
    ['the frame of a square tape within level 4.2', [1920, 1920], {}, { width: 1488, height: 1488 }],
  ])('The size of a share video is right: %s', (_, [width, height], change, expected) => {
    expect(planShareSize(width, height, { ...USUAL, ...change })).toMatchObject(expected);
  });

  it('Every share video fits into its frame at an even place, and is playable at level 4.2 (property)', () => {
    const side = fc.integer({ min: 1, max: 4096 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.constantFrom(...SHARE_FRAMES),
        fc.constantFrom(...SHARE_FPS),
        (w, h, frame, fps) => {
          const { width, height, innerWidth, innerHeight, padding, factor } = planShareSize(w, h, {
            ...USUAL,
            frame,
            fps,
          });
          const { left, top } = padding ?? { left: 0, top: 0 };
          expect([width % 2, height % 2, left % 2, top % 2]).toEqual([0, 0, 0, 0]);
          expect(left + innerWidth).toBeLessThanOrEqual(width);
          expect(top + innerHeight).toBeLessThanOrEqual(height);
          expect(factor >= 1 ? factor % 1 : 0).toBe(0);
          expect(Number(levelOf({ width, height, peakRate: fps, held: 1 }))).toBeLessThanOrEqual(4.2);
        },
      ),
      { numRuns: 500 },
    );
  });
});
