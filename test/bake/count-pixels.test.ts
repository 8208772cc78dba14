import { describe, expect, it } from 'vitest';
import { checkPixels, countPixels } from '../../service/bake/count-pixels.ts';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import { OUTPUT_KINDS, type OutputRequest } from '../../service/bake/outputs.ts';
import { SHARE_FRAMES } from '../../service/bake/plan/share.ts';
import { planTimeline } from '../../service/bake/plan/timeline.ts';

/** The pictures of a tape of 60 frames a second, of which every `distinct`th differs from the one before. */
function recording(frames: number, width: number, height: number, distinct = 1) {
  const durations = Array<number>(frames).fill(1000 / 60);
  const repeats = durations.map((_, n) => n % distinct !== 0);
  return { width, height, alpha: false, timeline: planTimeline(durations, repeats) };
}

describe('countPixels', () => {
  it.each<[string, OutputRequest, ReturnType<typeof recording>, number]>([
    ['A video at its own scale', { kind: 'mp4', scale: 1 }, recording(10, 64, 48), 10 * 64 * 48],
    ['A video enlarged 8 times', { kind: 'webm', scale: 8 }, recording(10, 64, 48), 10 * 512 * 384],
    ['A video enlarged by auto', { kind: 'mp4' }, recording(10, 640, 480), 10 * 1280 * 960],
    ['A video of odd size, padded to even', { kind: 'mp4', scale: 1 }, recording(10, 33, 25), 10 * 34 * 26],
    [
      'A shrunk video, whose frames are decoded all the same',
      { kind: 'mp4', maxSide: 16 },
      recording(10, 64, 48),
      10 * 64 * 48,
    ],
    ['A video in which half of the frames repeat', { kind: 'mp4', scale: 1 }, recording(10, 8, 8, 2), 5 * 64],
    ['An animation, 25 pages a second', { kind: 'gif', scale: 2 }, recording(60, 64, 48), 25 * 128 * 96],
    [
      'An animation of a long tape, 6 seconds',
      { kind: 'webp', maxSide: 1024 },
      recording(3600, 1024, 512),
      150 * 1024 * 512,
    ],
    [
      'A share video of 60 pictures a second, in which repeats cost a seventh,',
      { kind: 'share', frame: '1080x1080' },
      recording(60, 64, 48, 4),
      Math.round((15 + 45 / 7) * 1080 * 1080),
    ],
    ['A thumbnail, fitted into its side', { kind: 'thumbnail' }, recording(10, 256, 128), 512 * 256],
  ])('%s counts its pictures times its size', (_, output, pictures, pixels) => {
    expect(countPixels(pictures, output)).toBe(pixels);
  });
});

describe('checkPixels', () => {
  const all = OUTPUT_KINDS.map((kind) => ({ kind }));

  it.each(SHARE_FRAMES)(
    '30 s of 1920×1080 at 60 frames a second pass with all outputs at once, the share video as %s',
    (frame) => {
      const outputs = all.map(({ kind }) => (kind === 'share' ? { kind, frame } : { kind }));
      checkPixels(recording(1800, 1920, 1080), outputs, DEFAULT_LIMITS);
    },
  );

  it.each<[string, readonly OutputRequest[], ReturnType<typeof recording>]>([
    ['4,000 frames of 2 megapixels', [{ kind: 'mp4' }, { kind: 'webm' }], recording(4000, 2048, 1024)],
    ['small frames enlarged 8 times', [{ kind: 'mp4', scale: 8 }], recording(3600, 512, 512)],
    ['videos that pass alone', all, recording(3600, 1920, 1080)],
  ])('%s are refused with TAPE_TOO_MANY_PIXELS', (_, outputs, pictures) => {
    expect(() => checkPixels(pictures, outputs, DEFAULT_LIMITS)).toThrowError(
      expect.objectContaining({
        code: 'TAPE_TOO_MANY_PIXELS',
        message: expect.stringMatching(
          /^The outputs have \d+ pixels in all; at most 12000000000 are allowed\.$/,
        ),
      }),
    );
  });
});
