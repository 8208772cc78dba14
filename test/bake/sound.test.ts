import { describe, expect, test } from 'vitest';
import { findBursts } from '../../bench/bursts.ts';
import { drawFrames } from '../tapes/make.ts';
import { burstTimes, makeSound, SAMPLE_RATE } from '../tapes/sound.ts';
import { makeDurations } from '../tapes/timing.ts';
import { changes, codesOf, pathOf, timed, useKitchen } from './kitchen.ts';
import { codecsOf, decodeSound, expectTimes, expectVideo } from './look.ts';

const kitchen = useKitchen();
const WITHIN_MS = 5;

test.each([2, 30])('%i s: every burst within 5 ms of its time', async (seconds) => {
  const facts = await kitchen.make({
    ...({ scene: 'prompt', width: 64, height: 48, sound: true, stalls: true } as const),
    seconds,
  });
  const report = await kitchen.bake();
  const bursts = findBursts(await decodeSound(pathOf(report, 'mp4')));
  expectTimes(bursts, burstTimes(facts.soundSeconds!), WITHIN_MS);
  expect(report.warnings).toEqual([]);
});

test('in a WebM too', async () => {
  const facts = await kitchen.make({ scene: 'prompt', width: 64, height: 48, seconds: 2, sound: true });
  const report = await kitchen.bake({ outputs: [{ kind: 'webm', scale: 2 }] });
  const path = pathOf(report, 'webm');
  expect(await codecsOf(path)).toEqual(['vp9', 'opus']);
  expectTimes(findBursts(await decodeSound(path)), burstTimes(facts.soundSeconds!), WITHIN_MS);
});

describe('sound that doesn’t fit: the video is right all the same', () => {
  const durations = makeDurations({ seconds: 1.4, stalls: true });
  const total = durations.reduce((sum, duration) => sum + duration, 0) / 1000;
  const text = Buffer.from('This is not a sound, whatever it is called.\n'.repeat(20));
  const headerOnly = makeSound(1).subarray(0, 44);
  const truncated = makeSound(2).subarray(0, 44 + 4 * SAMPLE_RATE);

  test.each<[string, Buffer | undefined, string[], number[] | undefined]>([
    ['longer', makeSound(3), ['SOUND_LONGER'], [0.25, 0.75, 1.25]],
    ['shorter', makeSound(0.9), ['SOUND_SHORTER'], [0.25, 0.75]],
    ['very short', makeSound(0.1), ['SOUND_SHORTER'], []],
    ['of fewer samples than it says', truncated, ['SOUND_SHORTER'], [0.25, 0.75]],
    ['absent', undefined, [], undefined],
    ['a text file', text, ['SOUND_UNREADABLE'], undefined],
    ['a header without samples', headerOnly, ['SOUND_UNREADABLE'], undefined],
    ['an empty file', Buffer.alloc(0), ['SOUND_UNREADABLE'], undefined],
  ])('%s', async (_, sound, codes, bursts) => {
    const spec = { scene: 'wire', width: 32, height: 24, seconds: 1.4 } as const;
    const frames = await drawFrames(
      spec,
      durations.map((_, n) => n / 30),
    );
    await kitchen.compose({ ...timed(frames, durations), sound });
    const report = await kitchen.bake();
    const path = pathOf(report, 'mp4');
    await expectVideo(path, changes(frames, durations));
    expect(codesOf(report)).toEqual(codes);
    expect(await codecsOf(path)).toEqual(bursts ? ['h264', 'aac'] : ['h264']);
    if (!bursts) return expect(report.sound).toBeUndefined();

    const samples = await decodeSound(path);
    if (bursts.length > 0) expectTimes(findBursts(samples), bursts, WITHIN_MS);
    // AAC comes in blocks of 1024 samples, of which the last may be more than is asked for.
    expect(samples.length / SAMPLE_RATE).toBeLessThan(total + 0.05);
    expect(report.sound!.seconds).toBeLessThanOrEqual(total + 1 / SAMPLE_RATE);
  });
});
