import { readFile, writeFile } from 'node:fs/promises';
import JSZip from 'jszip';
import { expect, it } from 'vitest';
import { findBursts } from '../../bench/bursts.ts';
import { findChromium } from '../tapes/chromium.ts';
import { recordTape } from '../tapes/recorder.ts';
import { frameName } from '../tapes/timing.ts';
import { changes, pathOf, useBakeFixture } from './fixture.ts';
import { decodeSound, expectTimes, expectVideo } from './inspect.ts';

const fixture = useBakeFixture();

it('A tape that a browser recorded is baked with every picture and sound at its time', async ({ skip }) => {
  if (!findChromium()) skip('There is no browser on this machine to record with.');
  const path = fixture.path('tape.zip');
  const facts = await recordTape(path, { width: 161, height: 97, seconds: 2, stalls: true });
  const zip = await JSZip.loadAsync(await readFile(path));
  const entry = (name: string) => zip.file(name)!.async('nodebuffer');
  const frames = await Promise.all(facts.durations.map((_, n) => entry(frameName(n))));

  const report = await fixture.bake();
  expect(report).toMatchObject({
    frames: facts.frames,
    outputs: [{ width: 322, height: 194 }],
    warnings: [],
  });
  await expectVideo(pathOf(report, 'mp4'), changes(frames, facts.durations));
  await writeFile(fixture.path('sound.wav'), await entry('soundtrack.wav'));
  const recorded = findBursts(await decodeSound(fixture.path('sound.wav')));
  expect(recorded.length).toBeGreaterThan(1);
  const within = recorded.filter((time) => time < report.duration - 0.05);
  expectTimes(findBursts(await decodeSound(pathOf(report, 'mp4'))).slice(0, within.length), within, 5);
});
