import { execa } from 'execa';
import { expect, it } from 'vitest';
import { probeVideo } from '../../service/bake/verify.ts';
import { encodePng } from '../tapes/png.ts';
import { pathOf, timed, useBakeFixture } from './fixture.ts';

const fixture = useBakeFixture();
const [WIDTH, HEIGHT] = [96, 64];

/** A moving gradient with a little grain. It has so many bytes of PNG a pixel that it is encoded with B-frames. */
function gradient(n: number): Promise<Buffer> {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 4);
  for (let at = 0, seed = n + 1; at < pixels.length; at += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    const pixel = at >> 2;
    pixels[at] = at % 4 === 3 ? 255 : (pixel % WIDTH) * 2 + n + ((seed >> 16) % 3);
  }
  return encodePng(pixels, WIDTH, HEIGHT);
}

it.each<[string, readonly number[]]>([
  ['a long last picture', [...Array(7).fill(30), 700]],
  ['longer and longer pictures', Array.from({ length: 10 }, (_, n) => 10 + 7 * n)],
  ['a long picture near the end', [40, 40, 40, 40, 40, 40, 40, 900, 40, 40]],
])('ffmpeg copies the packets of a video with %s, and keeps their times', async (_, durations) => {
  const frames = await Promise.all(durations.map((_, n) => gradient(n)));
  await fixture.compose(timed(frames, durations));
  const made = pathOf(await fixture.bake(), 'mp4');
  const copy = fixture.path('copy.mp4');
  const { stderr } = await execa('ffmpeg', ['-v', 'warning', '-i', made, '-c', 'copy', copy]);
  expect(stderr).toBe('');
  const startsOf = async (path: string) => {
    const [track] = (await probeVideo(path)).tracks;
    return track!.samples.map(({ start }) => Math.round(start * 1000)).toSorted((a, b) => a - b);
  };
  expect(await startsOf(copy)).toEqual(await startsOf(made));
});
