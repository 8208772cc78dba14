import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileHead, pictureHead } from '../../../service/bake/container/matroska.ts';
import { rgba } from '../../tapes/canvas.ts';
import { bars } from '../fixture.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('ffprobe reads every picture of the Matroska file at its time to the microsecond', async () => {
  const starts = [0, 1, 16_667, 1_000_000, 59_999_999, 60_000_000];
  const png = await bars(337, 161, [rgba(200, 10, 10), rgba(10, 200, 10)]);
  const pictures = starts.flatMap((start) => [pictureHead(start, png.length), png]);
  const path = join(folder, 'pictures.mkv');
  await writeFile(path, Buffer.concat([fileHead(337, 161, 60), ...pictures]));

  const asked = 'stream=codec_name,width,height:packet=pts_time,size';
  const { stdout } = await execa('ffprobe', ['-v', 'error', '-show_entries', asked, '-of', 'json', path]);
  const { streams, packets } = JSON.parse(stdout) as {
    streams: { codec_name: string; width: number; height: number }[];
    packets: { pts_time: string; size: string }[];
  };
  expect(streams).toMatchObject([{ codec_name: 'png', width: 337, height: 161 }]);
  expect(packets.map(({ pts_time }) => Math.round(Number(pts_time) * 1_000_000))).toEqual(starts);
  expect(new Set(packets.map(({ size }) => Number(size)))).toEqual(new Set([png.length]));
});
