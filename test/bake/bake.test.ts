import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { BakeProgress } from '../../service/bake/report.ts';
import { rgba } from '../tapes/canvas.ts';
import { drawFrames } from '../tapes/make.ts';
import { makeDurations } from '../tapes/timing.ts';
import { bars, changes, codesOf, pathOf, timed, useBakeFixture } from './fixture.ts';
import { codecsOf, expectVideo, secondsOf } from './inspect.ts';

const fixture = useBakeFixture();
const RED = rgba(220, 30, 30);
const BLUE = rgba(30, 60, 220);

it('A tape like the recorder’s becomes a video with every picture at its time, and a true report', async () => {
  const spec = { scene: 'sprites', width: 64, height: 48, seconds: 2, stalls: true, sound: true } as const;
  const facts = await fixture.make(spec);
  const report = await fixture.bake({ outputs: [{ kind: 'mp4', scale: 4 }, { kind: 'thumbnail' }] });

  const frames = await drawFrames(spec, startsOf(facts.durations));
  await expectVideo(pathOf(report, 'mp4'), changes(frames, facts.durations));
  expect(report).toMatchObject({
    frames: facts.frames,
    uniqueFrames: facts.uniqueFrames,
    sound: { sampleRate: 48_000, channels: 2 },
    warnings: [],
    outputs: [
      { kind: 'mp4', path: fixture.path('out', 'it.mp4'), width: 256, height: 192 },
      { kind: 'thumbnail', path: fixture.path('out', 'it-thumb.jpg'), width: 512, height: 384 },
    ],
  });
  expect(report.duration).toBeCloseTo(facts.seconds, 4);
  expect(report.sound!.seconds).toBeCloseTo(facts.soundSeconds!, 4);
  for (const { path, bytes } of report.outputs) expect((await stat(path)).size).toBe(bytes);
  const stages = ['open', 'unpack', 'mp4', 'verify', 'thumbnail', 'total'];
  expect(Object.keys(report.timings).sort()).toEqual(stages.sort());
  expect(await fixture.served()).toEqual(['it-thumb.jpg', 'it.mp4']);
});

it('No picture of a tape of 30 s is more than 1 ms off', async () => {
  const spec = { scene: 'wire', width: 64, height: 48, seconds: 30, stalls: true, seed: 7 } as const;
  const facts = await fixture.make(spec);
  const report = await fixture.bake();
  const frames = await drawFrames(spec, startsOf(facts.durations));
  await expectVideo(pathOf(report, 'mp4'), changes(frames, facts.durations));
  expect(facts.frames).toBeGreaterThan(1000);
});

it.each<[string, number[], string]>([
  ['a single frame', [16.67], 'a'],
  ['a single frame for a second', [1000], 'a'],
  ['one unchanging frame', [500, 400, 300.5, 16.67], 'aaaa'],
  ['two frames', [33.3, 16.67], 'ab'],
  ['some equal neighbours', [50, 60, 70, 80, 16.67], 'abbab'],
  ['some frames of 0 ms', [0, 100, 0, 100, 0], 'babba'],
  ['a long last frame', [20, 20, 3000], 'aba'],
  ['pauses', [1600, 20, 2500, 20], 'abab'],
  ['a pause of almost a minute', [20, 55_000, 20], 'aba'],
  ['frames of less than a millisecond', [0.4, 0.4, 0.4, 0.4], 'abab'],
])('A tape of %s becomes a video with every picture at its time', async (_, durations, contents) => {
  const [a, b] = await Promise.all([bars(32, 24, [RED]), bars(32, 24, [BLUE])]);
  const frames = [...contents].map((content) => (content === 'a' ? a! : b!));
  await fixture.compose(timed(frames, durations));
  const report = await fixture.bake();
  const path = pathOf(report, 'mp4');
  const seen = [...durations.keys()].filter((n) => durations[n]! > 0);
  await expectVideo(
    path,
    changes(
      seen.map((n) => frames[n]!),
      seen.map((n) => durations[n]!),
    ),
  );
  const total = durations.reduce((sum, duration) => sum + duration, 0) / 1000;
  expect(Math.abs((await secondsOf(path)) - total)).toBeLessThan(0.001);
  expect(await codecsOf(path)).toEqual(['h264']);
  expect(report.sound).toBeUndefined();
});

describe('timing.json', () => {
  const durations = makeDurations({ seconds: 0.5 });
  const draw = () =>
    drawFrames(
      { scene: 'wire', width: 32, height: 24, seconds: 0.5 },
      durations.map((_, n) => n / 10),
    );

  it('A tape without timing.json gets 60 frames a second and a warning', async () => {
    const frames = await draw();
    await fixture.compose({ frames });
    const report = await fixture.bake();
    const even = frames.map(() => 1000 / 60);
    await expectVideo(pathOf(report, 'mp4'), changes(frames, even));
    expect(codesOf(report)).toEqual(['TIMING_MISSING']);
  });

  it('A tape without timing.json shares the total of metadata.json among its frames', async () => {
    const frames = await draw();
    await fixture.compose({ frames, metadata: { totalDuration: frames.length / 20 } });
    const report = await fixture.bake();
    const even = frames.map(() => 50);
    await expectVideo(pathOf(report, 'mp4'), changes(frames, even));
    expect(codesOf(report)).toEqual(['TIMING_MISSING']);
  });

  it('An incomplete timing.json keeps its durations, and the tape gets a warning', async () => {
    const frames = await draw();
    await fixture.compose({ frames, timing: frames.slice(5).map((_, n) => ({ frame: n, duration: 40 })) });
    const report = await fixture.bake();
    const even = frames.map(() => 40);
    await expectVideo(pathOf(report, 'mp4'), changes(frames, even));
    expect(codesOf(report)).toEqual(['TIMING_PARTIAL']);
  });
});

it('Progress rises from 0 to 1 and names the stages in turn', async () => {
  await fixture.make({ scene: 'wire', width: 64, height: 48, seconds: 1 });
  const seen: BakeProgress[] = [];
  await fixture.bake({ outputs: [{ kind: 'mp4' }, { kind: 'gif' }], onProgress: (now) => seen.push(now) });
  expect([...new Set(seen.map(({ stage }) => stage))]).toEqual(['open', 'unpack', 'mp4', 'gif']);
  const values = seen.map(({ progress }) => progress);
  expect(values).toEqual(values.toSorted((a, b) => a - b));
  expect(values[0]).toBe(0);
  expect(values.at(-1)).toBeLessThanOrEqual(1);
});

it('A frame with damaged pixels fails the bake', async () => {
  const [red, blue] = await Promise.all([bars(32, 24, [RED]), bars(32, 24, [BLUE])]);
  const damaged = Buffer.from(blue!);
  damaged.fill(0xaa, 45, 60);
  await fixture.compose(timed([red!, damaged], [500, 500]));
  await expect(fixture.bake()).rejects.toMatchObject({ code: 'FRAME_CORRUPT', retryable: false });
  expect(await fixture.served()).toEqual([]);
});

/** The start of each frame, in seconds. */
function startsOf(durations: readonly number[]): number[] {
  let total = 0;
  return durations.map((duration) => {
    total += duration;
    return (total - duration) / 1000;
  });
}
