import { join } from 'node:path';
import { execa } from 'execa';
import { argv } from '../service/lib/argv.ts';
import type { EncoderSettings } from './encoder-runs.ts';
import type { Command } from './measure.ts';
import type { Video } from './probe.ts';
import { linkFrames, type Source } from './source.ts';

/** Bytes of raw pictures up to which a floor is measured. More would not stay in memory, and would measure the disk. */
const LARGEST_RAW = 2 * 2 ** 30;
/** Bytes of a pixel in 4:2:0. */
const BYTES_PER_PIXEL = 1.5;

/**
 * Prepares the command that is the floor: the bare encoder with Oven's settings, and the pictures of Oven's video as a raw file. The raw
 * file is written to `folder`, and its making is not timed. Undefined where the file would be too large.
 */
export async function prepareFloor(
  source: Source,
  { width, height }: Pick<Video, 'width' | 'height'>,
  settings: EncoderSettings,
  folder: string,
): Promise<Command | undefined> {
  if (width * height * BYTES_PER_PIXEL * source.runs.length > LARGEST_RAW) return undefined;
  const raw = join(folder, 'floor.yuv');
  const frames = await linkFrames(source, source.runs, join(folder, 'runs'));
  const scale = `scale=${width}:${height}:flags=neighbor+accurate_rnd+full_chroma_inp:out_color_matrix=bt709:out_range=tv,format=yuv420p`;
  await execa('ffmpeg', argv`-v error -nostdin -y -i ${frames} -vf ${scale} -f rawvideo ${raw}`);
  const rate = source.runs.length / (source.starts.at(-1)! / 1000);
  return [
    'ffmpeg',
    ...argv`
      -v error -nostdin -y
      -f rawvideo -pix_fmt yuv420p -s ${width}x${height} -framerate ${rate} -i ${raw}
      ${settings.arguments}
      ${raw}.mp4
    `,
  ];
}
