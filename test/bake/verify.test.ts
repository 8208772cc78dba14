import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planScale } from '../../service/bake/plan/size.ts';
import {
  type Expected,
  faultIn,
  layoutFault,
  type Probe,
  type ProbedTrack,
  probeVideo,
  verifyVideo,
} from '../../service/bake/verify.ts';
import { argv } from '../../service/lib/argv.ts';

const expected: Expected = {
  container: 'mp4',
  samples: [
    { picture: 0, start: 0, end: 1500 },
    { picture: 1, start: 1500, end: 9000 },
    { picture: 2, start: 9000, end: 10_500 },
  ],
  geometry: planScale(32, 24, 2),
  soundSeconds: 0.1,
};
/** Samples that begin at these seconds. The last one is the end. */
const samplesAt = (...times: readonly number[]) =>
  times.slice(0, -1).map((start, n) => ({ start, duration: times[n + 1]! - start }));
const picture: ProbedTrack = {
  codec: 'avc',
  profile: 'avc1.4d400a',
  width: 64,
  height: 48,
  matrix: 'bt709',
  samples: samplesAt(0, 0.016667, 0.1, 0.116667),
};
const sound: ProbedTrack = {
  codec: 'aac',
  profile: 'mp4a.40.2',
  samples: samplesAt(-0.021333, 0, 0.021333, 0.1),
};
const good: Probe = { tracks: [picture, sound], duration: 0.116667 };

describe('faultIn', () => {
  it('A video as planned has no fault', () => {
    expect(faultIn(good, expected)).toBeUndefined();
  });

  it('A WebM as planned has no fault', () => {
    const samples = [
      { picture: 0, start: 0, end: 1530 },
      { picture: 1, start: 1530, end: 9000 },
      { picture: 2, start: 9000, end: 10_530 },
    ];
    const webm = { ...expected, container: 'webm', samples } as const;
    const vp9 = {
      ...picture,
      codec: 'vp9',
      profile: 'vp09.00.10.08',
      samples: samplesAt(0, 0.017, 0.1, 0.117),
    };
    const opus = { codec: 'opus', profile: 'opus', samples: samplesAt(0, 0.02, 0.12) };
    const found = { tracks: [vp9, opus], duration: 0.117 };
    expect(faultIn(found, webm)).toBeUndefined();
    const late = { ...vp9, samples: samplesAt(0, 0.018, 0.1, 0.117) };
    expect(faultIn({ ...found, tracks: [late, opus] }, webm)).toContain('picture 1');
    const finer = { ...vp9, profile: 'vp09.01.10.08' };
    expect(faultIn({ ...found, tracks: [finer, opus] }, webm)).toContain('vp09.01.10.08');
  });

  it('A video may store pictures in another order than it shows them', () => {
    const samples = [
      { picture: 0, start: 0, end: 1500 },
      { picture: 1, start: 1500, end: 3000 },
      { picture: 2, start: 3000, end: 4500 },
      { picture: 3, start: 4500, end: 10_500 },
    ];
    const [first, second, third, fourth] = samplesAt(0, 0.016667, 0.033333, 0.05, 0.116667);
    const reordered = [{ ...picture, samples: [first!, third!, second!, fourth!] }, sound];
    expect(faultIn({ ...good, tracks: reordered }, { ...expected, samples })).toBeUndefined();
    const last = [{ ...picture, samples: [first!, second!, fourth!, third!] }, sound];
    expect(faultIn({ ...good, tracks: last }, { ...expected, samples })).toContain('not decoded last');
  });

  const tracksWith = (change: Partial<ProbedTrack>) => ({ tracks: [{ ...picture, ...change }, sound] });
  const shown = (...times: readonly number[]) => tracksWith({ samples: samplesAt(...times) });
  const heard = (...times: readonly number[]) => ({
    tracks: [picture, { ...sound, samples: samplesAt(...times) }],
  });
  it.each<[string, Partial<Probe>, string]>([
    ['nothing in it', { tracks: [] }, 'nothing instead of avc and aac'],
    ['no sound', { tracks: [picture] }, 'avc instead of avc and aac'],
    ['no video', { tracks: [sound] }, 'aac instead of'],
    ['another codec', tracksWith({ codec: 'hevc' }), 'hevc and aac instead of'],
    ['a track too many', { tracks: [picture, sound, sound] }, 'avc and aac and aac'],
    ['another size', tracksWith({ width: 62 }), '62×48 in bt709 instead of 64×48'],
    ['finer chroma', tracksWith({ profile: 'avc1.f4000a' }), 'avc1.f4000a'],
    ['more bits', tracksWith({ profile: 'avc1.6e000a' }), 'avc1.6e000a'],
    ['another matrix', tracksWith({ matrix: 'smpte170m' }), 'smpte170m'],
    ['a picture too few', shown(0, 0.1, 0.116667), '2 pictures instead of 3'],
    ['a picture too many', shown(0, 0.016667, 0.05, 0.1, 0.116667), '4 pictures instead of 3'],
    ['a late start', shown(0.016667, 0.016667, 0.1, 0.116667), 'picture 0 begins at 0.016667'],
    ['0.1 ms late', shown(0, 0.016767, 0.1, 0.116667), 'picture 1 begins at 0.016767'],
    ['early', shown(0, 0.016667, 0.09, 0.116667), 'picture 2 begins at 0.09'],
    ['a time that is no number', shown(0, Number.NaN, 0.1, 0.116667), 'begins at NaN'],
    ['a last picture of one tick', shown(0, 0.016667, 0.1, 0.100011), 'its last picture ends at 0.100011'],
    ['sound that begins late', heard(0.02, 0.1), 'its sound begins at 0.02 s'],
    ['sound that ends early', heard(-0.021, 0.09), 'its sound ends at 0.09 s instead of 0.1'],
    ['sound without a sample', heard(), 'its sound is empty'],
    ['a second too long', { duration: 1.1 }, '1.1 s instead of 0.11'],
    ['too short', { duration: 0.05 }, '0.05 s instead of'],
    ['no duration', { duration: Number.NaN }, 'NaN s instead of'],
  ])('A video with this fault is not as planned: %s', (_, change, fault) => {
    expect(faultIn({ ...good, ...change }, expected)).toContain(fault);
  });

  it('A video whose pictures do not last up to the next one is not as planned', () => {
    const [first, ...rest] = picture.samples;
    const samples = [{ ...first!, duration: 1 }, ...rest];
    expect(faultIn({ ...good, ...tracksWith({ samples }) }, expected)).toContain('its pictures take 1.1');
  });

  it('A video with sound that was not planned is not as planned', () => {
    const silent = { ...expected, soundSeconds: undefined };
    expect(faultIn(good, silent)).toBe('it has avc and aac instead of avc');
  });
});

describe('layoutFault and verifyVideo', () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  const make = (name: string, ...args: string[]) =>
    execa('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=64x48:d=0.2:r=10', ...args, path(name)]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verify-'));
    await make('first.mp4', '-movflags', '+faststart');
    await make('last.mp4');
    const whole = await readFile(path('first.mp4'));
    await writeFile(path('cut.mp4'), whole.subarray(0, -1));
    await writeFile(path('no-data.mp4'), whole.subarray(0, whole.indexOf('mdat') - 4));
    await writeFile(path('empty.mp4'), '');
    await writeFile(path('text.mp4'), 'This is not a video at all.');
    await writeFile(path('zeros.mp4'), Buffer.alloc(64));
    // A free box with a size of 64 bits before the index, and data that reach to the end of the file.
    const free = Buffer.from('00000001667265650000000000000018ffffffffffffffff', 'hex');
    const rest = Buffer.from('000000086d6f6f76000000006d64617400', 'hex');
    await writeFile(path('wide.mp4'), Buffer.concat([free, rest]));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['first.mp4', undefined],
    ['last.mp4', 'its index comes last'],
    ['cut.mp4', 'it is cut off'],
    ['no-data.mp4', 'it is cut off'],
    ['empty.mp4', 'it is cut off'],
    ['text.mp4', 'it is cut off'],
    ['zeros.mp4', 'it is cut off'],
    ['wide.mp4', undefined],
  ])('layoutFault gives for %s: %s', async (name, fault) => {
    expect(await layoutFault(path(name))).toBe(fault);
  });

  it.each(['first', 'text', 'empty', 'zeros', 'cut', 'nowhere'])(
    'A file that is not as planned is refused: %s',
    async (name) => {
      const verifying = verifyVideo(path(`${name}.mp4`), expected, new AbortController().signal);
      await expect(verifying).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
    },
  );

  it('probeVideo reads what ffmpeg wrote, with B-frames and sound', async () => {
    const sine = ['-f', 'lavfi', '-i', 'sine=d=0.5'];
    await make('full.mp4', ...sine, ...argv`-pix_fmt yuv420p -bf 2 -movflags +faststart`);
    const { tracks, duration } = await probeVideo(path('full.mp4'));
    expect(tracks).toMatchObject([{ codec: 'avc', width: 64, height: 48 }, { codec: 'aac' }]);
    expect(tracks[0]!.samples.map(({ start }) => start)).toEqual([0, 0.1]);
    expect(duration).toBeCloseTo(0.5, 1);
  });
});
