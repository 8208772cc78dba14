import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { argv } from '../../service/lib/argv.ts';
import { type Colour, rgba } from '../tapes/canvas.ts';
import { bars, pathOf, timed, useBakeFixture } from './fixture.ts';
import { codecsOf, decodePicture, decodeSound, pictureTimes, secondsOf } from './inspect.ts';

const fixture = useBakeFixture();
/** Colours that stay apart after encoding. */
const COLOURS = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
  rgba(n & 1 ? 220 : 30, n & 2 ? 220 : 30, n & 4 ? 220 : 30),
);
const BLACK = [0, 0, 0];

/** The number of the colour that every picture of a video has in its middle. */
async function coloursOf(path: string): Promise<number[]> {
  const args = argv`-v error -i ${path} -vf crop=16:16,scale=1:1,format=rgb24 -fps_mode passthrough -f rawvideo -`;
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  const pixels = Buffer.from(stdout);
  return Array.from({ length: pixels.length / 3 }, (_, n) => {
    const bits = [0, 1, 2].map((channel) => (pixels[n * 3 + channel]! > 125 ? 1 << channel : 0));
    return bits.reduce((sum, bit) => sum + bit, 0);
  });
}

async function streamOf(path: string): Promise<Record<string, unknown>> {
  const args = argv`-v error -select_streams v:0 -show_streams -of json ${path}`;
  return JSON.parse((await execa('ffprobe', args)).stdout).streams[0];
}

const frames = await Promise.all(COLOURS.map((colour: Colour) => bars(30, 20, [colour])));

describe('share', () => {
  it.each([60, 30] as const)(
    'Each picture of a share video at %i a second is the nearest one',
    async (fps) => {
      const durations = [210.5, 33.2, 16.4, 250, 8, 8, 120.7, 700.3];
      await fixture.compose(timed(frames, durations));
      const report = await fixture.bake({ outputs: [{ kind: 'share', fps }] });
      const path = pathOf(report, 'share');

      const starts = durations.map((_, n) => durations.slice(0, n).reduce((sum, each) => sum + each, 0));
      const total = durations.reduce((sum, each) => sum + each, 0);
      const count = Math.ceil((total * fps) / 1000 - 1e-9);
      const expected = Array.from({ length: count }, (_, n) =>
        starts.findLastIndex((start) => Math.round((start * fps) / 1000) <= n),
      );
      expect(await coloursOf(path)).toEqual(expected);
      const times = await pictureTimes(path);
      expect(times).toEqual(expected.map((_, n) => expect.closeTo(n / fps, 5)));
      expect(await streamOf(path)).toMatchObject({
        profile: 'High',
        r_frame_rate: `${fps}/1`,
        avg_frame_rate: `${fps}/1`,
        nb_frames: `${count}`,
      });
      expect(await codecsOf(path)).toEqual(['h264', 'aac']);
      expect(await secondsOf(path)).toBeCloseTo(count / fps, 3);
    },
  );

  it('A tape is in the middle of a frame of another shape, with a background of its colour', async () => {
    await fixture.compose(timed([frames[3]!], [100]));
    const output = { kind: 'share', frame: '1080x1920', background: '#3060c0' } as const;
    const report = await fixture.bake({ outputs: [output] });
    const path = pathOf(report, 'share');
    expect(report.outputs[0]).toMatchObject({ width: 1080, height: 1920 });
    // A pixel of this picture stands for 20 × 20.
    const pixels = await decodePicture(path, 59, 54, 96);
    const at = (x: number, y: number) => [...pixels.subarray((y * 54 + x) * 3, (y * 54 + x) * 3 + 3)];
    const near = (colour: number[]) => colour.map((value) => expect.closeTo(value, -1));
    for (const [x, y] of [
      [0, 0],
      [53, 95],
      [27, 29],
      [27, 66],
    ] as const)
      expect(at(x, y)).toEqual(near([0x30, 0x60, 0xc0]));
    for (const [x, y] of [
      [0, 31],
      [53, 64],
      [27, 48],
    ] as const)
      expect(at(x, y)).toEqual(near([220, 220, 30]));
    expect(await pictureTimes(path)).toHaveLength(60);
  });

  it('A share video without a sound track is made where the request wants no silence', async () => {
    await fixture.compose(timed(frames.slice(0, 1), [1500]));
    const report = await fixture.bake({ outputs: [{ kind: 'share', silence: false }] });
    expect(await codecsOf(pathOf(report, 'share'))).toEqual(['h264']);
  });

  it('The sound of a share video is stereo at 48 kHz, begins in time, and is followed by silence', async () => {
    await fixture.make({
      scene: 'wire',
      width: 32,
      height: 24,
      seconds: 0.5,
      sound: { seconds: 0.4 },
    } as never);
    const report = await fixture.bake({ outputs: [{ kind: 'mp4' }, { kind: 'share' }] });
    const [exact, share] = await Promise.all(
      (['mp4', 'share'] as const).map((kind) => decodeSound(pathOf(report, kind))),
    );
    expect(share!.length).toBeGreaterThanOrEqual(48_000);
    const onset = (samples: Float32Array) => samples.findIndex((value) => Math.abs(value) > 0.02);
    expect(Math.abs(onset(share!) - onset(exact!))).toBeLessThan(48);
    const peak = (samples: Float32Array) =>
      samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(peak(share!) / peak(exact!)).toBeCloseTo(1, 1);
    const args = argv`-v error -select_streams a:0 -show_entries stream=sample_rate,channels -of csv=p=0 ${pathOf(report, 'share')}`;
    expect((await execa('ffprobe', args)).stdout).toBe('48000,2');
  });

  it('A tape with transparent pixels is laid on black in a share video', async () => {
    await fixture.compose(timed([await bars(30, 20, [rgba(220, 220, 220, 0)])], [100]));
    const report = await fixture.bake({ outputs: [{ kind: 'share', background: '#ffffff' }] });
    const pixels = await decodePicture(pathOf(report, 'share'), 30, 1, 1);
    expect([...pixels]).toEqual(BLACK.map((value) => expect.closeTo(value, -1)));
  });
});
