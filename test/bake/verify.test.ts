import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planScale } from '../../service/bake/plan/scale.ts';
import { type Expected, faultIn, isFaststart, type Probe, verifyVideo } from '../../service/bake/verify.ts';

const expected: Expected = {
  kind: 'mp4',
  schedule: { pictures: [0, 1500, 9000].map((start, frame) => ({ frame, start })), end: 10_500 },
  geometry: planScale(32, 24, 2),
  hasSound: true,
};
const look = { width: 64, height: 48, pix_fmt: 'yuv420p', color_space: 'bt709' };
const picture = { codec_name: 'h264', codec_type: 'video', ...look };
const sound = { codec_name: 'aac', codec_type: 'audio' };
const packets = (...times: string[]) => times.map((pts_time) => ({ codec_type: 'video', pts_time }));
const good: Probe = {
  streams: [picture, sound],
  packets: [...packets('0.000000', '0.016667', '0.100000'), { codec_type: 'audio', pts_time: '-0.021333' }],
  format: { duration: '0.116667' },
};

describe('faultIn', () => {
  test('finds nothing wrong with what was planned', () => {
    expect(faultIn(good, expected)).toBeUndefined();
  });

  test('a WebM counts in milliseconds', () => {
    const webm = { ...expected, kind: 'webm' } as const;
    const streams = [
      { ...picture, codec_name: 'vp9' },
      { codec_name: 'opus', codec_type: 'audio' },
    ];
    const probe = { ...good, streams, packets: packets('0.000000', '0.017000', '0.100000') };
    expect(faultIn(probe, webm)).toBeUndefined();
    expect(faultIn({ ...probe, packets: packets('0', '0.018', '0.1') }, webm)).toContain('picture 1');
  });

  test.each<[string, Partial<Probe>, string]>([
    ['nothing in it', { streams: [] }, 'nothing instead of h264 and aac'],
    ['no sound', { streams: [picture] }, 'h264 instead of h264 and aac'],
    ['no video', { streams: [sound] }, 'aac instead of'],
    ['another codec', { streams: [{ ...picture, codec_name: 'mpeg4' }, sound] }, 'mpeg4 and aac instead of'],
    ['a stream too many', { streams: [picture, sound, sound] }, 'h264 and aac and aac'],
    ['another size', { streams: [{ ...picture, width: 62 }, sound] }, '62×48 yuv420p bt709 instead of 64×48'],
    ['finer chroma', { streams: [{ ...picture, pix_fmt: 'yuv444p' }, sound] }, 'yuv444p'],
    ['another matrix', { streams: [{ ...picture, color_space: 'smpte170m' }, sound] }, 'smpte170m'],
    ['a picture too few', { packets: packets('0', '0.1') }, '2 pictures instead of 3'],
    ['a picture too many', { packets: packets('0', '0.016667', '0.05', '0.1') }, '4 pictures instead of 3'],
    ['a late start', { packets: packets('0.016667', '0.016667', '0.1') }, 'picture 0 begins at 0.016667'],
    ['0.1 ms late', { packets: packets('0', '0.016767', '0.1') }, 'picture 1 begins at 0.016767'],
    ['early', { packets: packets('0', '0.016667', '0.09') }, 'picture 2 begins at 0.09'],
    ['a time that is none', { packets: packets('0', 'N/A', '0.1') }, 'picture 1 begins at NaN'],
    ['a second too long', { format: { duration: '1.1' } }, '1.1 s instead of 0.11'],
    ['too short', { format: { duration: '0.05' } }, '0.05 s instead of'],
    ['no duration', { format: { duration: 'N/A' } }, 'NaN s instead of'],
  ])('%s', (_, change, fault) => {
    expect(faultIn({ ...good, ...change }, expected)).toContain(fault);
  });

  test('sound that nobody asked for', () => {
    expect(faultIn(good, { ...expected, hasSound: false })).toBe('it has h264 and aac instead of h264');
  });
});

describe('a file', () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  const make = (name: string, ...args: string[]) =>
    execa('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=64x48:d=0.2:r=10', ...args, path(name)]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verify-'));
    await make('first.mp4', '-movflags', '+faststart');
    await make('last.mp4');
    await writeFile(path('empty.mp4'), '');
    await writeFile(path('text.mp4'), 'This is not a video at all.');
    await writeFile(path('zeros.mp4'), Buffer.alloc(64));
    // A free box whose size is written in 64 bits, before the index.
    const free = Buffer.from('00000001667265650000000000000018ffffffffffffffff', 'hex');
    await writeFile(path('wide.mp4'), Buffer.concat([free, Buffer.from('000000086d6f6f76', 'hex')]));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['first.mp4', true],
    ['last.mp4', false],
    ['empty.mp4', false],
    ['text.mp4', false],
    ['zeros.mp4', false],
    ['wide.mp4', true],
  ])('isFaststart: %s → %s', async (name, answer) => {
    expect(await isFaststart(path(name))).toBe(answer);
  });

  test('that is not as planned is refused', async () => {
    const tools = { ffprobe: 'ffprobe', signal: new AbortController().signal };
    const verifying = verifyVideo(path('first.mp4'), expected, tools);
    await expect(verifying).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });
});
