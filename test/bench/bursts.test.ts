import { describe, expect, it } from 'vitest';
import { findBursts } from '../../bench/bursts.ts';
import { burstTimes, makeSound, SAMPLE_RATE, WAV_HEADER_BYTES } from '../tapes/sound.ts';

/** The tape maker's soundtrack as mono samples, `late` seconds late. */
function soundtrack(seconds: number, late = 0): Float32Array {
  const wav = makeSound(seconds);
  const silence = Math.round(late * SAMPLE_RATE);
  const samples = new Float32Array((wav.length - WAV_HEADER_BYTES) / 4 + silence);
  for (let n = silence; n < samples.length; n++) {
    samples[n] = wav.readInt16LE(WAV_HEADER_BYTES + (n - silence) * 4) / 32768;
  }
  return samples;
}

describe('bursts', () => {
  it.each([0, 0.0007, 0.12, 0.4])('Bursts that are %d s late are found to a fifth of a ms', (late) => {
    const truth = burstTimes(3);
    const found = findBursts(soundtrack(3.05, late));
    expect(found).toHaveLength(truth.length);
    found.forEach((time, n) => {
      expect(Math.abs(time - truth[n]! - late)).toBeLessThan(0.0002);
    });
  });

  it('Bursts are found in noise', () => {
    const samples = soundtrack(2).map((sample, n) => 0.5 * sample + 0.05 * Math.sin(n * n * 0.7));
    expect(findBursts(samples)).toHaveLength(burstTimes(1.95).length);
  });

  it('No bursts are found in silence or noise alone', () => {
    expect(findBursts(new Float32Array(0))).toEqual([]);
    expect(findBursts(new Float32Array(48_000))).toEqual([]);
  });
});
