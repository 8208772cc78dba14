import sharp from 'sharp';
import { thumbHashToAverageRGBA } from 'thumbhash';
import { expect, it } from 'vitest';
import type { Moment, StillFormat } from '../../service/bake/outputs.ts';
import { rgba } from '../tapes/canvas.ts';
import { bars, pathOf, timed, useBakeFixture } from './fixture.ts';

const fixture = useBakeFixture();
const [RED, GREEN, BLUE] = [
  [220, 30, 30],
  [30, 200, 30],
  [30, 60, 220],
] as const;
const frames = await Promise.all([RED, GREEN, BLUE].map(([r, g, b]) => bars(40, 30, [rgba(r, g, b)])));
/** Red up to 0.1 s, green up to 1.6 s, blue up to 2 s. */
const TAPE = timed(frames, [100, 1500, 400]);

async function colourOf(path: string): Promise<number[]> {
  const { channels } = await sharp(path).stats();
  return channels.slice(0, 3).map(({ mean }) => Math.round(mean));
}

it.each<[Moment | undefined, readonly number[]]>([
  ['first', RED],
  [0, RED],
  [0.099, RED],
  [0.1, GREEN],
  ['middle', GREEN],
  [undefined, GREEN],
  [1.599, GREEN],
  [1.6, BLUE],
  ['last', BLUE],
  [9999, BLUE],
])('The thumbnail at %s shows the right picture', async (at, colour) => {
  await fixture.compose(TAPE);
  const report = await fixture.bake({ outputs: [{ kind: 'thumbnail', at }] });
  const near = colour.map((value) => expect.closeTo(value, -1));
  expect(await colourOf(pathOf(report, 'thumbnail'))).toEqual(near);
});

it.each<[StillFormat, string]>([
  ['jpeg', 'it-thumb.jpg'],
  ['png', 'it-thumb.png'],
  ['webp', 'it-thumb.webp'],
])('A thumbnail in the format %s is %s, with a ThumbHash of its colour', async (format, name) => {
  await fixture.compose(TAPE);
  const report = await fixture.bake({ outputs: [{ kind: 'thumbnail', format }] });
  expect(await fixture.served()).toEqual([name]);
  const metadata = await sharp(pathOf(report, 'thumbnail')).metadata();
  expect(metadata).toMatchObject({ format, width: 512, height: 384 });
  expect(await colourOf(pathOf(report, 'thumbnail'))).toEqual(
    GREEN.map((value) => expect.closeTo(value, -1)),
  );
  const { thumbHash = '' } = report.outputs[0]!;
  const { r, g, b } = thumbHashToAverageRGBA(Buffer.from(thumbHash, 'base64'));
  expect([r, g, b].map((value) => Math.round(value * 255))).toEqual(
    GREEN.map((value) => expect.closeTo(value, -1.5)),
  );
});
