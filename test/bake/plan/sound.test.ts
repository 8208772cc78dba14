import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleFormat, SoundHeader } from '../../../service/bake/open/sound.ts';
import { planSound } from '../../../service/bake/plan/sound.ts';

function header(
  samples: number,
  sampleRate: number,
  channels = 2,
  format: SampleFormat = 's16le',
): SoundHeader {
  const dataBytes = samples * channels * { s16le: 2, s24le: 3, s32le: 4, f32le: 4 }[format];
  return { format, sampleRate, channels, dataOffset: 44, dataBytes, seconds: samples / sampleRate };
}

test.each<[string, SoundHeader, number, number, string[]]>([
  ['as long as the video', header(96_000, 48_000), 2, 96_000 * 4, []],
  ['a little shorter, as usual', header(90_112, 48_000), 2, 90_112 * 4, []],
  ['a little longer: cut without a word', header(100_000, 48_000), 2, 96_000 * 4, []],
  ['a quarter of a second longer', header(108_000, 48_000), 2, 96_000 * 4, []],
  ['longer than that', header(108_100, 48_000), 2, 96_000 * 4, ['SOUND_LONGER']],
  ['much shorter', header(48_000, 48_000), 2, 48_000 * 4, ['SOUND_SHORTER']],
  ['mono of 24 bits', header(96_000, 44_100, 1, 's24le'), 2, 88_200 * 3, []],
  ['six channels of floats', header(30_000, 8_000, 6, 'f32le'), 3, 24_000 * 24, ['SOUND_LONGER']],
  ['a video that ends inside a sample', header(48_000, 48_000), 0.500_01, 24_001 * 4, ['SOUND_LONGER']],
])('%s', (_, sound, videoSeconds, bytes, codes) => {
  const planned = planSound(sound, videoSeconds);
  expect(planned.bytes).toBe(bytes);
  expect(planned.warnings.map(({ code }) => code)).toEqual(codes);
});

test('the warning says by how much', () => {
  const [longer] = planSound(header(96_000, 48_000), 1.5).warnings;
  expect(longer?.message).toContain('0.50 s longer');
  const [shorter] = planSound(header(24_000, 48_000), 1.5).warnings;
  expect(shorter?.message).toContain('1.00 s shorter');
});

test('property: whole samples, at most those there are, that reach the end of the video and no further', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_000_000 }),
      fc.integer({ min: 8_000, max: 192_000 }),
      fc.integer({ min: 1, max: 8 }),
      fc.constantFrom<SampleFormat>('s16le', 's24le', 's32le', 'f32le'),
      fc.double({ min: 0.001, max: 60, noNaN: true }),
      (samples, sampleRate, channels, format, videoSeconds) => {
        const sound = header(samples, sampleRate, channels, format);
        const planned = planSound(sound, videoSeconds);
        expect(planned.bytes % (sound.dataBytes / samples)).toBe(0);
        expect(planned.bytes).toBeLessThanOrEqual(sound.dataBytes);
        const kept = planned.bytes / (sound.dataBytes / samples) / sampleRate;
        expect(planned.seconds).toBeCloseTo(kept, 9);
        expect(Math.abs(kept - Math.min(sound.seconds, videoSeconds))).toBeLessThan(1.001 / sampleRate);
      },
    ),
    { numRuns: 1000 },
  );
});
