import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { Coding } from '../../../service/bake/sound/audio-samples.ts';
import {
  mixToStereo,
  readValues,
  stereoGains,
  wholeSamples,
} from '../../../service/bake/sound/audio-samples.ts';
import { seeded } from '../../tapes/random.ts';

/** The bytes on the standard input as ffmpeg reads them, as doubles. */
async function byFfmpeg(input: Buffer, ...args: string[]): Promise<Float64Array> {
  const { stdout } = await execa('ffmpeg', ['-v', 'error', ...args, '-f', 'f64le', '-'], {
    input,
    encoding: 'buffer',
  });
  return new Float64Array(Uint8Array.from(stdout).buffer);
}

describe('readValues', () => {
  const random = seeded(7);
  const noise = Buffer.from(Array.from({ length: 2400 }, () => Math.floor(random() * 256)));
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const floats = Buffer.from(Float32Array.from({ length: 300 }, () => random() * 2 - 1).buffer);
  const doubles = Buffer.from(Float64Array.from({ length: 300 }, () => random() * 2 - 1).buffer);
  const turned = (bytes: Buffer, size: 32 | 64) => Buffer.from(bytes)[`swap${size}`]();

  it.each<[string, Coding, Buffer]>([
    ['u8', 'u8', every],
    ['alaw', 'alaw', every],
    ['mulaw', 'mulaw', every],
    ['s16le', 's16', noise],
    ['s16be', 's16', noise],
    ['s24le', 's24', noise],
    ['s24be', 's24', noise],
    ['s32le', 's32', noise],
    ['s32be', 's32', noise],
    ['f32le', 'f32', floats],
    ['f32be', 'f32', turned(floats, 32)],
    ['f64le', 'f64', doubles],
    ['f64be', 'f64', turned(doubles, 64)],
  ])('Samples of the coding %s are read as ffmpeg reads them', async (name, coding, bytes) => {
    const { values, notNumbers } = readValues(bytes, { coding, channels: 1, bigEndian: name.endsWith('be') });
    const expected = await byFfmpeg(bytes, '-f', name, '-ar', '48000', '-ac', '1', '-i', '-');
    expect([...values]).toEqual([...Float32Array.from(expected)]);
    expect(notNumbers).toBe(0);
  });
});

it('Values that are no numbers become 0, and are counted', () => {
  const floats = Float32Array.of(0.5, Number.NaN, -3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  const read = readValues(Buffer.from(floats.buffer), { coding: 'f32', channels: 1, bigEndian: false });
  expect(read).toEqual({ values: Float32Array.of(0.5, 0, -3, 0, 0), notNumbers: 3 });
  const doubles = Buffer.from(Float64Array.of(Number.NaN, 0.25).buffer);
  expect(readValues(doubles, { coding: 'f64', channels: 2, bigEndian: false }).notNumbers).toBe(1);
});

it('wholeSamples gives whole samples from pieces of any length', async () => {
  const bytes = Buffer.from('0123456789abcdefghij');
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4, 13), bytes.subarray(13)];
  const source = (async function* () {
    yield* pieces;
  })();
  const found: string[] = [];
  for await (const piece of wholeSamples(source, 6)) found.push(piece.toString());
  expect(found.join('')).toBe('0123456789abcdefgh');
  for (const piece of found) expect(piece.length % 6).toBe(0);
});

describe('more than two channels', () => {
  // The places are bits, as in WAV files.
  it.each([
    ['3.0', 3, 0x7],
    ['4.0', 4, 0x107],
    ['quad', 4, 0x33],
    ['5.0(side)', 5, 0x607],
    ['5.1', 6, 0x3f],
    ['5.1(side)', 6, 0x60f],
    ['6.1', 7, 0x70f],
    ['7.1', 8, 0x63f],
    ['7.1(wide)', 8, 0xff],
  ])(
    'Channels in the layout %s are mixed as ffmpeg mixes them, except for loudness',
    async (layout, channels, places) => {
      const random = seeded(3);
      const values = Float32Array.from({ length: channels * 64 }, () => random() - 0.5);
      const input = ['-f', 'f32le', '-ar', '48000', '-ac', `${channels}`, '-i', '-'];
      const filter = `channelmap=${[...Array(channels).keys()].join('|')}:${layout},aformat=channel_layouts=stereo`;
      const expected = await byFfmpeg(Buffer.from(values.buffer), ...input, '-af', filter);
      const mixed = mixToStereo(values, stereoGains(channels, places));
      const factor = mixed[0]! / expected[0]!;
      expect(mixed).toHaveLength(expected.length);
      for (const [n, value] of mixed.entries()) expect(value).toBeCloseTo(expected[n]! * factor, 5);
    },
  );

  it('Channels have the usual places where the file names none, or wrong ones', () => {
    expect(stereoGains(6, 0)).toEqual(stereoGains(6, 0x60f));
    expect(stereoGains(6, 0x3)).toEqual(stereoGains(6, 0x60f));
    expect(stereoGains(11, 0)).toHaveLength(11);
  });
});
