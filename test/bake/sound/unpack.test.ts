import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lengthWarnings, soundSampleCount } from '../../../service/bake/sound/unpack.ts';

it.each([
  ['two seconds', 48_000, 2, 96_000],
  ['a video that ends inside a sample', 48_000, 0.500_01, 24_001],
  ['a video that ends with one, but for rounding', 44_100, 0.1 + 0.2, 13_230],
  ['4 kHz', 4_000, 1 / 60, 67],
])('soundSampleCount gives the samples for %s', (_, sampleRate, videoSeconds, samples) => {
  expect(soundSampleCount(sampleRate, videoSeconds)).toBe(samples);
});

it('Sound reaches the end of the video, and no further than one sample (property)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 768_000 }),
      fc.double({ min: 0.001, max: 60, noNaN: true }),
      (sampleRate, videoSeconds) => {
        const beyond = soundSampleCount(sampleRate, videoSeconds) - videoSeconds * sampleRate;
        expect(beyond).toBeGreaterThan(-1e-5);
        expect(beyond).toBeLessThan(1);
      },
    ),
    { numRuns: 1000 },
  );
});

it.each<[string, number, number, RegExp[]]>([
  ['as long as the video', 2, 2, []],
  ['a little shorter, as usual', 1.88, 2, []],
  ['a little longer', 2.24, 2, []],
  ['longer', 2, 1.5, [/^SOUND_LONGER The sound is 0\.50 s longer/]],
  ['shorter', 0.5, 1.5, [/^SOUND_SHORTER The sound is 1\.00 s shorter/]],
])('lengthWarnings compares sound and video: a sound that is %s', (_, soundSeconds, videoSeconds, says) => {
  const warnings = lengthWarnings(soundSeconds, videoSeconds);
  expect(warnings.map(({ code, message }) => `${code} ${message}`)).toEqual(
    says.map((words) => expect.stringMatching(words)),
  );
});
