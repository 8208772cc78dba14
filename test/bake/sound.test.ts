import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findBursts } from '../../bench/bursts.ts';
import { wav } from '../tapes/hostile/parts.ts';
import { drawFrames } from '../tapes/make.ts';
import { BURST, burstTimes, makeSound, SAMPLE_RATE } from '../tapes/sound.ts';
import { makeDurations } from '../tapes/timing.ts';
import { ffmpegWavs, oddWavs } from '../tapes/wavs.ts';
import { changes, codesOf, pathOf, timed, useBakeFixture } from './fixture.ts';
import { codecsOf, decodeSound, expectTimes, expectVideo } from './inspect.ts';

const fixture = useBakeFixture();
const WITHIN_MS = 1;

it.each([2, 30])('Every burst of a sound of %i s is within 1 ms of its time', async (seconds) => {
  const facts = await fixture.make({
    ...({ scene: 'prompt', width: 64, height: 48, sound: true, stalls: true } as const),
    seconds,
  });
  const report = await fixture.bake();
  const bursts = findBursts(await decodeSound(pathOf(report, 'mp4')));
  expectTimes(bursts, burstTimes(facts.soundSeconds!), WITHIN_MS);
  expect(report.warnings).toEqual([]);
});

it('Every burst of the sound of a WebM is within 1 ms of its time', async () => {
  const facts = await fixture.make({ scene: 'prompt', width: 64, height: 48, seconds: 2, sound: true });
  const report = await fixture.bake({ outputs: [{ kind: 'webm', scale: 2 }] });
  const path = pathOf(report, 'webm');
  expect(await codecsOf(path)).toEqual(['vp9', 'opus']);
  expectTimes(findBursts(await decodeSound(path)), burstTimes(facts.soundSeconds!), WITHIN_MS);
});

describe('other kinds of WAV', async () => {
  const seconds = 1.4;
  const plain = makeSound(seconds);
  const folder = await mkdtemp(join(tmpdir(), 'oven-sound-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'source.wav'), plain);
  const wavs = new Map([...(await ffmpegWavs(folder, join(folder, 'source.wav'))), ...oddWavs(plain)]);
  const durations = makeDurations({ seconds });
  const frames = await drawFrames(
    { scene: 'wire', width: 32, height: 24, seconds },
    durations.map((_, n) => n / 60),
  );

  it.for([
    'pcm_u8',
    'pcm_f64le',
    'mulaw of 8 kHz, mono',
    '6000 Hz',
    '44100 Hz',
    '384000 Hz',
    '5.1',
    'libmp3lame',
    'adpcm_ms',
    'an odd LIST without its padding',
  ])(
    'A soundtrack of the kind %s is in time, and as loud within 1 dB, in an MP4 and a WebM',
    async (name, { skip }) => {
      const sound = wavs.get(name);
      if (!sound) return skip('this ffmpeg does not write it');
      await fixture.compose({ ...timed(frames, durations), sound });
      const report = await fixture.bake({
        outputs: [
          { kind: 'mp4', scale: 2 },
          { kind: 'webm', scale: 2 },
        ],
      });
      expect(report.warnings).toEqual([]);
      for (const { path } of report.outputs) {
        const samples = await decodeSound(path);
        const times = findBursts(samples);
        expectTimes(times, burstTimes(seconds - 0.1), WITHIN_MS);
        expect(Math.abs(decibels(samples, times))).toBeLessThan(1);
      }
    },
  );

  /** The loudness of the bursts, relative to those of the tape maker. */
  function decibels(samples: Float32Array, times: readonly number[]): number {
    // Whole periods away from the edges, which an encoder blurs.
    const inside = times.flatMap((time) => {
      const start = Math.round((time + 0.001) * SAMPLE_RATE);
      return [...samples.subarray(start, start + 0.008 * SAMPLE_RATE)];
    });
    const power = inside.reduce((sum, value) => sum + value * value, 0) / inside.length;
    return 10 * Math.log10((2 * power) / BURST.level ** 2);
  }
});

describe('sound that does not fit', () => {
  const durations = makeDurations({ seconds: 1.4, stalls: true });
  const total = durations.reduce((sum, duration) => sum + duration, 0) / 1000;
  const text = Buffer.from('This is not a sound, whatever it is called.\n'.repeat(20));
  const headerOnly = makeSound(1).subarray(0, 44);
  const truncated = makeSound(2).subarray(0, 44 + 4 * SAMPLE_RATE);

  it.each<[string, Buffer | undefined, string[], number[] | undefined]>([
    ['longer', makeSound(3), ['SOUND_LONGER'], [0.25, 0.75, 1.25]],
    ['shorter', makeSound(0.9), ['SOUND_SHORTER'], [0.25, 0.75]],
    ['very short', makeSound(0.1), ['SOUND_SHORTER'], []],
    ['one sample at 4 kHz', wav({ sampleRate: 4000, bytes: 4 }), ['SOUND_SHORTER'], []],
    ['two samples at 768 kHz', wav({ sampleRate: 768_000, bytes: 8 }), ['SOUND_SHORTER'], []],
    ['shorter than it says', truncated, ['SOUND_SHORTER'], [0.25, 0.75]],
    ['absent', undefined, [], undefined],
    ['a text file', text, ['SOUND_UNREADABLE'], undefined],
    ['a header without samples', headerOnly, ['SOUND_UNREADABLE'], undefined],
    ['an empty file', Buffer.alloc(0), ['SOUND_UNREADABLE'], undefined],
  ])('The video is right with a soundtrack that is %s', async (_, sound, codes, bursts) => {
    const spec = { scene: 'wire', width: 32, height: 24, seconds: 1.4 } as const;
    const frames = await drawFrames(
      spec,
      durations.map((_, n) => n / 30),
    );
    await fixture.compose({ ...timed(frames, durations), sound });
    const report = await fixture.bake();
    const path = pathOf(report, 'mp4');
    await expectVideo(path, changes(frames, durations));
    expect(codesOf(report)).toEqual(codes);
    expect(await codecsOf(path)).toEqual(bursts ? ['h264', 'aac'] : ['h264']);
    if (!bursts) return expect(report.sound).toBeUndefined();

    const samples = await decodeSound(path);
    if (bursts.length > 0) expectTimes(findBursts(samples), bursts, WITHIN_MS);
    // AAC has blocks of 1024 audio samples, so the last block may be longer than the sound.
    expect(samples.length / SAMPLE_RATE).toBeLessThan(total + 0.05);
    expect(report.sound!.seconds).toBeLessThanOrEqual(total + 1 / SAMPLE_RATE);
  });
});
