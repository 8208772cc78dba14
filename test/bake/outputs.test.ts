import { readFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { ImageProcess } from '../../service/bake/images/process.ts';
import { fileTypes, OUTPUT_KINDS, OUTPUTS } from '../../service/bake/outputs.ts';
import { rgba } from '../tapes/canvas.ts';
import { drawFrames } from '../tapes/make.ts';
import { makeDurations } from '../tapes/timing.ts';
import { bars, changes, codesOf, pathOf, timed, useBakeFixture } from './fixture.ts';
import { expectVideo } from './inspect.ts';

const fixture = useBakeFixture();
const RED = rgba(220, 30, 30);
const BLUE = rgba(30, 60, 220);

describe('OUTPUTS', () => {
  const rows = Object.values(OUTPUTS);

  const endings = OUTPUT_KINDS.flatMap(fileTypes).map(({ ending }) => ending);

  // `-share.mp4` ends with `.mp4`: the owner of a stored file tells the tapes `a` and `a-share` apart.
  it('No two outputs have the same file ending', () => {
    expect(new Set(endings).size).toBe(endings.length);
  });

  it('No two kinds of output have the same place and rank on the dashboard', () => {
    const places = rows.flatMap(({ dashboard }) => ('rank' in dashboard ? [JSON.stringify(dashboard)] : []));
    expect(new Set(places).size).toBe(places.length);
  });

  it('README.md names the files of every kind of output', () => {
    const text = readFileSync('README.md', 'utf8');
    expect(endings.filter((ending) => !text.includes(`<name>${ending}`))).toEqual([]);
  });
});

it('A tape can be baked to all kinds of outputs, each with the right timing', async () => {
  const durations = makeDurations({ seconds: 1.5, stalls: true, seed: 2 });
  const frames = await drawFrames(
    { scene: 'wire', width: 64, height: 48, seconds: 1.5 },
    durations.map((_, n) => n / 20),
  );
  await fixture.compose(timed(frames, durations));
  const report = await fixture.bake({
    outputs: [
      { kind: 'webp' },
      { kind: 'gif', scale: 2 },
      { kind: 'thumbnail' },
      { kind: 'webm', scale: 2 },
      { kind: 'mp4', scale: 2 },
    ],
  });
  expect(report.outputs.map(({ kind, width, height }) => [kind, width, height])).toEqual([
    ['mp4', 128, 96],
    ['thumbnail', 512, 384],
    ['webm', 128, 96],
    ['gif', 128, 96],
    ['webp', 384, 288],
  ]);
  expect(await fixture.served()).toEqual(['it-thumb.jpg', 'it.gif', 'it.mp4', 'it.webm', 'it.webp']);

  const expected = changes(frames, durations);
  await expectVideo(pathOf(report, 'mp4'), expected);
  await expectVideo(pathOf(report, 'webm'), expected);
  for (const kind of ['gif', 'webp'] as const) {
    const { delay, loop, pages } = await sharp(pathOf(report, kind), { animated: true }).metadata();
    expect(loop).toBe(0);
    expect(delay).toHaveLength(pages!);
    expect(delay!.every((ms) => ms >= 40 && ms % 10 === 0)).toBe(true);
    expect(Math.abs(delay!.reduce((sum, ms) => sum + ms, 0) - report.duration * 1000)).toBeLessThanOrEqual(
      40,
    );
  }
});

describe('animation', () => {
  it.each(['gif', 'webp'] as const)(
    'A %s shows the right picture at the right time in the right colour',
    async (kind) => {
      const [red, blue] = await Promise.all([bars(33, 24, [RED]), bars(33, 24, [BLUE])]);
      await fixture.compose(timed([red!, blue!, red!], [400, 200, 100]));
      const report = await fixture.bake({ outputs: [{ kind }] });
      const path = pathOf(report, kind);
      const { delay, pageHeight, width } = await sharp(path, { animated: true }).metadata();
      expect(delay).toEqual([400, 200, 120]);
      expect([width, pageHeight]).toEqual([report.outputs[0]!.width, report.outputs[0]!.height]);
      for (const [page, colour] of [
        [0, [220, 30, 30]],
        [1, [30, 60, 220]],
        [2, [220, 30, 30]],
      ] as const) {
        expectColour(await meanColour(sharp(path, { page })), colour);
      }
    },
  );

  it.each([
    ['the same size', undefined, 3],
    ['other sizes', 2, 6],
  ] as const)('A GIF and a WebP of %s scale each picture so many times', async (_, scale, times) => {
    const [red, blue] = await Promise.all([bars(33, 24, [RED]), bars(33, 24, [BLUE])]);
    await fixture.compose(timed([red!, blue!, red!], [400, 200, 100]));
    const request = vi.spyOn(ImageProcess.prototype, 'request');
    await fixture.bake({ outputs: [{ kind: 'gif', ...(scale && { scale }) }, { kind: 'webp' }] });
    expect(request.mock.calls.filter(([{ ask }]) => ask === 'page')).toHaveLength(times);
    request.mockRestore();
  });

  it.each(['gif', 'webp'] as const)('A %s of one unchanging frame is a still picture', async (kind) => {
    const red = await bars(33, 24, [RED]);
    await fixture.compose(timed([red, red], [400, 400]));
    const report = await fixture.bake({ outputs: [{ kind, maxSide: 64 }] });
    expectColour(await meanColour(sharp(pathOf(report, kind))), [220, 30, 30]);
  });

  it.each(['gif', 'webp'] as const)(
    'The side of a %s is limited, so that it never takes all memory',
    async (kind) => {
      await fixture.compose(timed([await bars(512, 8, [RED])], [100]));
      const report = await fixture.bake({ outputs: [{ kind, scale: 8, maxSide: 4096 }] });
      expect(report.outputs[0]).toMatchObject({ width: 1024, height: 16 });
    },
  );
});

describe('thumbnail', () => {
  it.each<[string, number[], string, number[]]>([
    [
      'the first frame is the longest',
      [1000, ...new Array<number>(10).fill(90)],
      'rbbbbbbbbbb',
      [220, 30, 30],
    ],
    [
      'the last frame is the longest',
      [...new Array<number>(10).fill(90), 1000],
      'rrrrrrrrrrb',
      [30, 60, 220],
    ],
    ['there is a single frame', [16.67], 'b', [30, 60, 220]],
  ])('The thumbnail shows the middle of the tape by time: %s', async (_, durations, contents, colour) => {
    const [red, blue] = await Promise.all([bars(32, 24, [RED]), bars(32, 24, [BLUE])]);
    const frames = [...contents].map((content) => (content === 'r' ? red! : blue!));
    await fixture.compose(timed(frames, durations));
    const report = await fixture.bake({ outputs: [{ kind: 'thumbnail' }] });
    expectColour(await meanColour(sharp(pathOf(report, 'thumbnail'))), colour);
  });

  it.each([
    [337, 160, undefined, 512, 243],
    [160, 337, undefined, 243, 512],
    [64, 64, undefined, 512, 512],
    [640, 480, undefined, 512, 384],
    [64, 48, 100, 100, 75],
  ])(
    'The thumbnail of %i × %i pixels with maxSide %s has %i × %i',
    async (width, height, maxSide, thumbWidth, thumbHeight) => {
      await fixture.compose(timed([await bars(width, height, [RED, BLUE])], [100]));
      const report = await fixture.bake({ outputs: [{ kind: 'thumbnail', ...(maxSide && { maxSide }) }] });
      expect(report.outputs[0]).toMatchObject({ width: thumbWidth, height: thumbHeight });
      const read = await sharp(pathOf(report, 'thumbnail')).metadata();
      expect(read).toMatchObject({ format: 'jpeg', width: thumbWidth, height: thumbHeight });
    },
  );

  it('The thumbnail has hard edges, and its transparent pixels are black', async () => {
    await fixture.compose(timed([await bars(64, 64, [RED, rgba(255, 255, 255, 0)])], [100]));
    const report = await fixture.bake({ outputs: [{ kind: 'thumbnail' }] });
    const { data, info } = await sharp(pathOf(report, 'thumbnail'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (x: number) => [...data.subarray((200 * info.width + x) * 3).subarray(0, 3)];
    expectColour(at(254), [220, 30, 30]);
    expectColour(at(257), [0, 0, 0]);
  });
});

it('A scale that players can not show is reduced, with a warning', async () => {
  await fixture.compose(timed([await bars(1100, 8, [RED, BLUE])], [100]));
  const report = await fixture.bake({ outputs: [{ kind: 'mp4', scale: 4 }] });
  expect(report.outputs[0]).toMatchObject({ width: 2200, height: 16 });
  expect(codesOf(report)).toEqual(['SCALE_REDUCED']);
});

async function meanColour(image: Sharp): Promise<number[]> {
  const { channels } = await image.stats();
  return channels.slice(0, 3).map(({ mean }) => mean);
}

function expectColour(found: readonly number[], wanted: readonly number[]): void {
  const worst = Math.max(...wanted.map((value, n) => Math.abs(value - found[n]!)));
  expect(worst, `${found} instead of ${wanted}`).toBeLessThanOrEqual(8);
}
