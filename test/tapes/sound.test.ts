import { describe, expect, it } from 'vitest';
import { BURST, burstTimes, makeSound } from './sound.ts';

describe('a soundtrack', () => {
  const wav = makeSound(3.01);

  it('A made soundtrack is 16-bit stereo PCM at 48 kHz after 44 bytes, in whole blocks', () => {
    expect([wav.toString('latin1', 0, 4), wav.readUInt32LE(4)]).toEqual(['RIFF', wav.length - 8]);
    expect(wav.toString('latin1', 8, 16)).toBe('WAVEfmt ');
    expect([20, 22, 32, 34].map((at) => wav.readUInt16LE(at))).toEqual([1, 2, 4, 16]);
    expect([16, 24, 28].map((at) => wav.readUInt32LE(at))).toEqual([16, 48_000, 192_000]);
    expect([wav.toString('latin1', 36, 40), wav.readUInt32LE(40)]).toEqual(['data', wav.length - 44]);
    expect(((wav.length - 44) / 4) % 4096).toBe(0);
    expect((wav.length - 44) / 4).toBeLessThanOrEqual(3.01 * 48_000);
  });

  it('A made soundtrack is loud in its bursts and nowhere else', () => {
    const loud: number[] = [];
    for (let i = 0; i < (wav.length - 44) / 4; i++) {
      if (Math.abs(wav.readInt16LE(44 + i * 4)) > 8000) loud.push(i / 48_000);
    }
    const begins = loud.filter((time, n) => n === 0 || time - loud[n - 1]! > 0.1);
    const times = burstTimes(3);
    expect(times).toEqual([0.25, 0.75, 1.25, 1.75, 2.25, 2.75]);
    expect(begins).toHaveLength(times.length);
    begins.forEach((begin, n) => {
      expect(Math.abs(begin - times[n]!)).toBeLessThan(0.0005);
    });
    expect(loud.every((time) => times.some((at) => time >= at && time < at + BURST.seconds))).toBe(true);
  });
});
