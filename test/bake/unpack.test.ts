import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../service/bake/limits.ts';
import { openTape } from '../../service/bake/open/tape.ts';
import { unpackSound } from '../../service/bake/sound/unpack.ts';
import { tapeEntries, type WavOptions, wav, wavChunk, withEntries } from '../tapes/hostile/parts.ts';
import { type Entry, zip } from '../tapes/hostile/zip.ts';
import { BURST, burstTimes, makeSound } from '../tapes/sound.ts';
import { ffmpegWavs, oddWavs, soxWavs, type Wavs } from '../tapes/wavs.ts';
import { expectTimes } from './inspect.ts';

const SECONDS = 2;
const plain = makeSound(SECONDS);
const folder = await mkdtemp(join(tmpdir(), 'oven-unpack-'));
const source = join(folder, 'source.wav');
await writeFile(source, plain);
const byFfmpeg = await ffmpegWavs(folder, source);
const bySox = await soxWavs(folder, source);
let made = 0;

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Unpacks the sound of a tape for a video of so many seconds. The values are interleaved. */
async function unpack(
  data: Buffer,
  { entry = {}, seconds = SECONDS, ffmpeg = 'ffmpeg', stallSeconds = 30 }: How = {},
) {
  const own = join(folder, `${made++}`);
  await mkdir(own);
  const path = join(own, 'tape.zip');
  await writeFile(path, zip(withEntries(tapeEntries(), { name: 'soundtrack.wav', data, ...entry })));
  await using tape = await openTape(path, DEFAULT_LIMITS);
  const { signal } = new AbortController();
  const { sound, warnings } = await unpackSound(tape, own, seconds, {
    ffmpeg,
    signal,
    stallSeconds,
    niceness: 5,
  });
  const bytes = sound ? Uint8Array.from(await readFile(sound.path)) : new Uint8Array();
  return {
    sound,
    values: new Float32Array(bytes.buffer),
    warnings: warnings.map(({ code, message }) => `${code} ${message}`),
  };
}

interface How {
  readonly stallSeconds?: number;
  readonly entry?: Partial<Entry>;
  readonly seconds?: number;
  readonly ffmpeg?: string;
}

interface Sound {
  readonly sampleRate: number;
  readonly channels: number;
}

/** The start of each burst of the first channel, in seconds, and their loudness: the root mean square. */
function burstsIn(
  values: Float32Array,
  { sampleRate, channels }: Sound,
): { times: number[]; loudness: number } {
  const first = values.filter((_, n) => n % channels === 0);
  const times: number[] = [];
  for (let n = 0; n < first.length; n++) {
    if (Math.abs(first[n]!) < 0.2) continue;
    times.push(n / sampleRate);
    n += Math.round(sampleRate * 0.1);
  }
  let [power, count] = [0, 0];
  for (const time of times) {
    // Whole periods away from the edges, which an encoder blurs.
    const start = Math.round((time + 0.001) * sampleRate);
    for (const value of first.subarray(start, start + Math.round(0.008 * sampleRate))) {
      power += value * value;
      count++;
    }
  }
  return { times, loudness: Math.sqrt(power / count) };
}

const LOUDNESS = BURST.level / Math.SQRT2;
/** Kinds whose bursts come from more than one channel, at full loudness. */
const LOUD = /16 channels|six channels/;
/** A coding of speech in blocks. Neither its attacks nor its loudness are exact. */
const SPEECH = /g723/;
const ONE_CHANNEL = /mono|g72|gsm/i;

describe.each([
  ['ffmpeg', byFfmpeg],
  ['sox', bySox],
  ['a bad writer', oddWavs(plain)],
])('WAV files by %s', (writer, wavs: Wavs) => {
  const cases = [...wavs].map(([name, bytes]) => ({
    name,
    bytes,
    gap: bytes ? '' : ' (skipped: not written here)',
  }));
  it.for(cases)(
    `A WAV by ${writer} is in time within 1 ms and as loud within 1 dB: $name$gap`,
    async ({ name, bytes }, { skip }) => {
      if (!bytes) return skip();
      const { sound, values, warnings } = await unpack(bytes);
      expect(warnings).toEqual([]);
      expect(sound).toMatchObject({ format: 'f32le', channels: ONE_CHANNEL.test(name) ? 1 : 2 });
      expect(values).toHaveLength(Math.round(sound!.seconds * sound!.sampleRate) * sound!.channels);
      const { times, loudness } = burstsIn(values, sound!);
      expectTimes(times, burstTimes(SECONDS - 0.1), SPEECH.test(name) ? 4 : 1);
      const decibels = 20 * Math.log10(loudness / (LOUD.test(name) ? Math.SQRT1_2 : LOUDNESS));
      expect(Math.abs(decibels)).toBeLessThan(SPEECH.test(name) ? 6 : 1);
    },
  );
});

describe('floats', () => {
  const floats = (values: readonly number[], channels = 1) => {
    const bytes = wav({ format: 3, bits: 32, channels, bytes: values.length * 4 });
    for (const [n, value] of values.entries()) bytes.writeFloatLE(value, 44 + n * 4);
    return bytes;
  };

  it('A value that is no number is silent, and a value beyond ±1 is clipped', async () => {
    const { values, warnings } = await unpack(
      floats([0.5, Number.NaN, 7, Number.NEGATIVE_INFINITY, -1.5, 1]),
    );
    expect([...values]).toEqual([0.5, 0, 1, 0, -1, 1]);
    expect(warnings[0]).toMatch(/^SOUND_NOT_NUMBERS 2 samples/);
  });

  it('A mix that exceeds ±1 is made quieter as a whole', async () => {
    const { values } = await unpack(floats([0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0.5, 0, 0, 0, 0, 0], 6));
    const factor = 1 / (1 + Math.SQRT1_2);
    const expected = [Math.SQRT1_2, Math.SQRT1_2, 1 + Math.SQRT1_2, Math.SQRT1_2, 0.5, 0].map(
      (v) => v * factor,
    );
    for (const [n, value] of values.entries()) expect(value).toBeCloseTo(expected[n]!, 6);
    expect(values).toHaveLength(6);
  });

  it('A mix within ±1 is left as it is', async () => {
    const { values } = await unpack(floats([0.5, 0, 0.25, 1, 0, 0], 6));
    expect([...values]).toEqual([Math.fround(0.5 + 0.25 * Math.SQRT1_2), Math.fround(0.25 * Math.SQRT1_2)]);
  });
});

describe('unreadable sound', () => {
  const compressed = (options: WavOptions) => wav({ bits: 4, blockAlign: 1024, ...options });
  it.each([
    ['text', Buffer.from('la la la '.repeat(9)), 'is not a WAV file'],
    ['nothing', Buffer.alloc(0), 'is not a WAV file'],
    ['no samples', wav({ bytes: 0 }), 'has no samples'],
    ['less than a sample', wav({ bytes: 3 }), 'has no samples'],
    ['no channels', wav({ channels: 0 }), 'has 0 channels'],
    ['an unknown coding', compressed({ format: 0x7777 }), 'is of format 30583, and can not be decoded'],
    ['noise that is said to be MP3', compressed({ format: 85, bytes: 900 }), 'is of format 85'],
    [
      'a coding that ffmpeg takes for another',
      wav({ format: 0x38, bits: 4, channels: 1 }),
      'is of format 56',
    ],
    ['no compressed samples', compressed({ format: 2, bytes: 0 }), 'is of format 2'],
  ])('A sound that can not be read is left out with a warning: %s', async (_, data, reason) => {
    const { sound, warnings } = await unpack(data);
    expect(sound).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(`SOUND_UNREADABLE soundtrack.wav ${reason}`)]);
  });

  it('A sound of 6.7 million empty chunks is left out with a warning', async () => {
    const head = wav({ bytes: 0 }).subarray(0, 12);
    const data = Buffer.concat([head, Buffer.alloc(8 * 6_700_000)]);
    const { warnings } = await unpack(data, { entry: { deflate: true } });
    expect(warnings).toEqual([expect.stringContaining('has more than 1000 chunks')]);
  });
});

it.each([true, false])(
  'A sound that is longer than the video is cut (compressed: %s)',
  async (compressed) => {
    const data = compressed ? byFfmpeg.get('adpcm_ms')! : plain;
    const { sound, warnings } = await unpack(data, { seconds: 0.5 });
    expect(sound!.seconds).toBe(0.5);
    // Only one second more of compressed sound is decoded.
    expect(warnings).toEqual([
      expect.stringMatching(compressed ? /^SOUND_LONGER .* 1\.00 s/ : /^SOUND_LONGER .* 1\.46 s/),
    ]);
  },
);

describe('damaged entries', () => {
  const text = Buffer.from('la la la '.repeat(9));
  const beyond = Buffer.concat([plain, wavChunk('LIST', Buffer.alloc(300_000))]);
  it.each<[string, Buffer, Partial<Entry>, string]>([
    ['a wrong checksum', plain, { crc: 1 }, 'ENTRY_CRC'],
    ['packed, a wrong checksum', plain, { crc: 1, deflate: true }, 'ENTRY_CRC'],
    ['a wrong checksum of a text file', text, { crc: 1 }, 'ENTRY_CRC'],
    ['a wrong checksum beyond the samples', beyond, { crc: 1 }, 'ENTRY_CRC'],
    ['more bytes than it says', plain, { deflate: true, size: 1000 }, 'ENTRY_SIZE'],
    ['fewer bytes than it says', plain, { deflate: true, size: plain.length + 1 }, 'ENTRY_SIZE'],
  ])('A damaged entry of the sound is refused: %s', async (_, data, entry, code) => {
    await expect(unpack(data, { entry })).rejects.toMatchObject({ code });
  });
});

describe('decoder', () => {
  const adpcm = byFfmpeg.get('adpcm_ms')!;

  it('Compressed sound without ffmpeg fails with FFMPEG_MISSING', async () => {
    const ffmpeg = join(folder, 'nowhere/ffmpeg');
    await expect(unpack(adpcm, { ffmpeg })).rejects.toMatchObject({ code: 'FFMPEG_MISSING' });
    expect((await unpack(plain, { ffmpeg })).sound).toBeDefined();
  });

  it.each([
    ['crashes', 'kill -SEGV $$', 'SOUND_UNREADABLE'],
    ['fails', 'exit 1', 'SOUND_UNREADABLE'],
  ])('The sound is left out when its decoder %s', async (_, script, code) => {
    const { warnings } = await unpack(adpcm, { ffmpeg: await program(script) });
    expect(warnings).toEqual([expect.stringContaining(code)]);
  });

  it('A decoder that is killed fails with FFMPEG_FAILED', async () => {
    const ffmpeg = await program('kill -KILL $$');
    await expect(unpack(adpcm, { ffmpeg })).rejects.toMatchObject({ code: 'FFMPEG_FAILED' });
  });

  it('A decoder without progress fails with FFMPEG_STALLED', async () => {
    const ffmpeg = await program('exec sleep 60');
    await expect(unpack(adpcm, { ffmpeg, stallSeconds: 0.1 })).rejects.toMatchObject({
      code: 'FFMPEG_STALLED',
    });
  });

  it('The decoder of the sound gets only PATH of the environment', async () => {
    process.env.OVEN_TEST_MARK = 'secret';
    const seen = join(folder, 'seen');
    await unpack(adpcm, { ffmpeg: await program(`env > '${seen}'`) });
    delete process.env.OVEN_TEST_MARK;
    expect(existsSync(seen)).toBe(true);
    expect(await readFile(seen, 'utf8')).not.toContain('OVEN_TEST_MARK');
  });

  async function program(script: string): Promise<string> {
    const path = join(folder, `program-${made++}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }
});
