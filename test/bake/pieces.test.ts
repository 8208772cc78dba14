import { chmod, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { argv } from '../../service/lib/argv.ts';
import { until } from '../rig/until.ts';
import { rgba } from '../tapes/canvas.ts';
import type { SceneName } from '../tapes/scenes.ts';
import { bars, pathOf, timed, useBakeFixture } from './fixture.ts';
import { decodePng, likeness } from './frames/decode.ts';
import { expectVideo, pictureTimes } from './inspect.ts';
import { isAlive, pidsIn } from './scratch.ts';

const fixture = useBakeFixture();

const [WIDTH, HEIGHT] = [160, 120];
/** Two encoders share so many pictures at scale 8. */
const PICTURES = 90;
const OUTPUTS = [{ kind: 'mp4', scale: 8 }] as const;
const TWO = { outputs: OUTPUTS, cores: 2 };

/** The places in the track of the samples with which decoding can begin. */
async function keyframes(path: string): Promise<number[]> {
  const args = argv`-v error -select_streams v:0 -show_entries packet=flags -of csv=p=0 ${path}`;
  const { stdout } = await execa('ffprobe', args);
  return stdout.split('\n').flatMap((flags, n) => (flags.startsWith('K') ? [n] : []));
}

/** All pictures of a video in the tape's size, by a decoder that stops at the first error. */
async function decodeAll(path: string): Promise<Buffer[]> {
  const scale = `scale=${WIDTH}:${HEIGHT}:flags=neighbor+accurate_rnd+full_chroma_int,format=rgb24,settb=1/60,setpts=N`;
  const args = argv`-v error -xerror -err_detect explode -i ${path} -vf ${scale} -fps_mode passthrough -f rawvideo -`;
  const { stdout, stderr } = await execa('ffmpeg', args, { encoding: 'buffer' });
  expect(Buffer.from(stderr).toString()).toBe('');
  const bytes = WIDTH * HEIGHT * 3;
  const all = Buffer.from(stdout);
  return Array.from({ length: all.length / bytes }, (_, n) => all.subarray(n * bytes, (n + 1) * bytes));
}

/** Frames of a colour each, of which frame `n` has its own alpha. */
function coloured(alpha: (n: number) => number = () => 255): Promise<Buffer[]> {
  const colour = (n: number) => rgba((n * 37) % 256, (n * 59) % 256, n, alpha(n));
  return Promise.all(Array.from({ length: PICTURES }, (_, n) => bars(WIDTH, HEIGHT, [colour(n)])));
}

const durations = Array<number>(PICTURES).fill(1000 / 60);

/** A program that writes down its process, does what the script says, and becomes ffmpeg. */
async function standIn(script = ''): Promise<string> {
  const path = fixture.path('ffmpeg-stand-in');
  await writeFile(path, `#!/bin/sh\necho $$ >>${fixture.path('pids')}\n${script}\nexec ffmpeg "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

describe.each<[SceneName, number]>([
  ['wire', 30],
  ['plot', 35],
  ['noise', 20],
])('two encoders of %s', (scene, leastDb) => {
  it(`Two encoders of ${scene} make the video that one makes, with a keyframe where the second begins`, async () => {
    const spec = { scene, width: WIDTH, height: HEIGHT, seconds: PICTURES / 55, sound: true, stalls: true };
    const { durations } = await fixture.make(spec);
    const starts = durations.map((_, n) => durations.slice(0, n).reduce((sum, ms) => sum + ms, 0) / 1000);
    const end = durations.reduce((sum, ms) => sum + ms, 0) / 1000;
    const shared = pathOf(await fixture.bake({ ...TWO, name: 'shared' }), 'mp4');
    const alone = pathOf(await fixture.bake({ ...TWO, name: 'alone', cores: 1 }), 'mp4');
    const shown = async (path: string) => {
      await expectVideo(path, [...starts, end]);
      const [times, pictures] = [await pictureTimes(path), await decodeAll(path)];
      return starts.map((start) => pictures[times.findIndex((time) => Math.abs(time - start) < 0.001)]!);
    };
    const others = await shown(alone);
    for (const [n, picture] of (await shown(shared)).entries()) {
      expect(likeness(picture, others[n]!)).toBeGreaterThan(leastDb);
    }
    if (scene === 'noise') return;
    expect(await keyframes(alone)).toEqual([0]);
    expect((await keyframes(shared)).length).toBe(2);
  });
});

it('Transparent pixels in the second piece lay all pictures on black', async () => {
  const frames = await coloured((n) => (n === PICTURES - 2 ? 128 : 255));
  await fixture.compose(timed(frames, durations));
  const pictures = await decodeAll(pathOf(await fixture.bake(TWO), 'mp4'));
  for (const n of [0, PICTURES / 2, PICTURES - 2]) {
    expect(likeness(pictures[n]!, decodePng(frames[n]!).pixels)).toBeGreaterThan(35);
  }
});

it('Damage in the second piece fails the bake, and names its frame', async () => {
  const frames = await coloured();
  const last = Buffer.from(frames[PICTURES - 1]!);
  last[last.length - 20]! ^= 1;
  await fixture.compose(timed([...frames.slice(0, -1), last], durations));
  await expect(fixture.bake(TWO)).rejects.toMatchObject({
    code: 'FRAME_CORRUPT',
    message: expect.stringContaining('frame-00089.png'),
  });
  expect(await fixture.served()).toEqual([]);
});

it('An abort ends both encoders', async () => {
  await fixture.compose(timed(await coloured(), durations));
  const stop = new AbortController();
  const pids = () => pidsIn(fixture.path('pids'));
  const baking = fixture.bake({ ...TWO, ffmpeg: await standIn('exec sleep 60'), signal: stop.signal });
  const failed = expect(baking).rejects.toMatchObject({ code: 'BAKE_ABORTED' });
  await until('both encoders run', async () => pids().length === 2);
  stop.abort();
  await failed;
  expect(pids().filter(isAlive)).toEqual([]);
});

it('Pieces with different headers are encoded once more, by one encoder', async () => {
  const frames = await coloured();
  await fixture.compose(timed(frames, durations));
  const otherLevel = `for a; do set -- "$@" "$(echo "$a" | sed 's/level=[0-9.]*/level=5.2/')"; shift; done`;
  const once = (name: string) => `mkdir ${fixture.path(name)} 2>/dev/null`;
  const ffmpeg = await standIn(`if ${once('first')}; then :; elif ${once('second')}; then ${otherLevel}; fi`);
  const path = pathOf(await fixture.bake({ ...TWO, ffmpeg }), 'mp4');
  expect(pidsIn(fixture.path('pids'))).toHaveLength(3);
  expect(await keyframes(path)).toEqual([0]);
  expect(await decodeAll(path)).toHaveLength(PICTURES);
});
