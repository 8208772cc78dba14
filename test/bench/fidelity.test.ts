import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comparison, measureFidelity, parsePsnr, weightedPsnr, weights } from '../../bench/fidelity.ts';
import { probeVideo } from '../../bench/probe.ts';
import { type Source, unpackSource } from '../../bench/source.ts';
import { makeTape } from '../tapes/make.ts';

describe('PSNR', () => {
  it('The PSNR of each picture is read', () => {
    const stats = [
      'n:1 mse_avg:0.67 mse_r:1.00 psnr_avg:49.89 psnr_r:48.13',
      'n:2 mse_avg:0.00 mse_r:0.00 psnr_avg:inf psnr_r:inf',
    ];
    expect(parsePsnr(`${stats.join('\n')}\n`)).toEqual([49.89, Infinity]);
  });

  it('The PSNR counts a picture as often as the frames that it stands for', () => {
    expect(weights([0, 2, 3], 10)).toEqual([2, 1, 7]);
    expect(weights([0, 1, 2, 2], 3)).toEqual([1, 1, 0, 1]);
  });

  it.each([
    [[40, 40], [1, 9], 40],
    [[30, Infinity], [1, 1], 33.01],
    [[30, Infinity], [1, 9], 40],
    [[20, 60], [0, 5], 60],
    [[Infinity], [3], Infinity],
  ])('The PSNR of %o weighted %o is %d', (psnrs, weightOf, expected) => {
    expect(weightedPsnr(psnrs, weightOf)).toBeCloseTo(expected, 2);
  });
});

describe('the comparison', () => {
  const filters = (width: number, height: number) =>
    comparison({ width: 337, height: 160 }, { width, height, matrix: undefined });
  it.each([
    ['2×, even', 674, 320, ''],
    ['3×, squeezed to be even', 1010, 480, ''],
    ['1×, padded', 338, 160, 'crop=337:160:0:0:exact=1,'],
  ])('The comparison cuts off padding alone: %s', (_, width, height, crop) => {
    expect(filters(width, height)).toContain(`setpts=N,${crop}scale=337:160:`);
  });
});

describe('a video', () => {
  let folder: string;
  let source: Source;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fidelity-'));
    const tape = join(folder, 'tape.zip');
    await makeTape(tape, { scene: 'sprites', width: 65, height: 49, seconds: 0.2 });
    source = await unpackSource(tape, join(folder, 'source'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Encodes the tape without loss at twice its size, in one matrix, tagged as another. */
  async function fidelityOf(matrix: string, tag: string[], before = ''): Promise<number> {
    const path = join(folder, `${matrix}-${tag.length}-${before.length}.mp4`);
    const scale = `${before}scale=iw*2:ih*2:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=${matrix}`;
    const input = ['-v', 'error', '-framerate', '60', '-i', join(source.folder, 'frame-%05d.png')];
    const output = ['-vf', scale, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-qp', '0', ...tag, path];
    await execa('ffmpeg', [...input, ...output]);
    const { psnr, worstPsnr } = await measureFidelity(source, await probeVideo(path));
    expect(worstPsnr).toBeLessThanOrEqual(psnr + 0.01);
    return psnr;
  }

  it('A video that lost only by rounding has 48 dB or more, with a tag or without', async () => {
    expect(await fidelityOf('bt709', ['-colorspace', 'bt709'])).toBeGreaterThan(48);
    expect(await fidelityOf('bt601', [])).toBeGreaterThan(48);
  });

  it('A video with a wrong tag, or with pictures one off, has less than 48 dB', async () => {
    expect(await fidelityOf('bt601', ['-colorspace', 'bt709'])).toBeLessThan(40);
    expect(await fidelityOf('bt601', [], 'loop=loop=1:size=1,trim=end_frame=12,')).toBeLessThan(40);
  });
});
