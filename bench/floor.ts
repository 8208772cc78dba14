import { join } from 'node:path';
import { execa } from 'execa';
import { filterGraph } from '../service/bake/encode/command.ts';
import { INDEX_RATE } from '../service/bake/encode/samples.ts';
import { contentOf, gainsByReordering, x264Arguments } from '../service/bake/encode/x264.ts';
import { type Geometry, planScale, type Scale } from '../service/bake/plan/size.ts';
import { argv } from '../service/lib/argv.ts';
import type { Command } from './measure.ts';
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
  scale: Scale,
  folder: string,
): Promise<Command | undefined> {
  const geometry = planScale(source.width, source.height, scale);
  if (rawBytes(geometry, source.runs.length) > LARGEST_RAW) return undefined;
  const raw = join(folder, 'floor.yuv');
  const frames = await linkFrames(source, source.runs, join(folder, 'runs'));
  const filters = filterGraph({ geometry, alpha: true, blend: true, rate: INDEX_RATE, constantRate: false });
  await execa(
    'ffmpeg',
    argv`
      -v error -nostdin -y -i ${frames}
      -filter_complex ${filters} -map [video]
      -fps_mode passthrough -f rawvideo ${raw}
    `,
  );
  const seconds = source.starts.at(-1)! / 1000;
  return floorCommand(
    { raw, ...geometry, rate: source.runs.length / seconds },
    encoderArguments(source, geometry),
  );
}

/** The encoder's settings that Oven chooses for this tape. */
function encoderArguments({ runBytes, runs, width, height }: Source, video: Geometry): string[] {
  const content = contentOf(runBytes, runs.length, width * height);
  const { width: videoWidth, height: videoHeight } = video;
  return x264Arguments({
    content,
    width: videoWidth,
    height: videoHeight,
    reorder: gainsByReordering(content, videoWidth * videoHeight),
    peakRate: INDEX_RATE,
    repeatsFrom: runs.length,
    rate: INDEX_RATE,
    constantRate: false,
  });
}

/** Bytes of `pictures` raw pictures. */
export function rawBytes({ width, height }: Pick<Geometry, 'width' | 'height'>, pictures: number): number {
  return width * height * BYTES_PER_PIXEL * pictures;
}

/** The command that encodes a file of raw 4:2:0 pictures, `rate` a second. */
export function floorCommand(
  { raw, width, height, rate }: { raw: string; width: number; height: number; rate: number },
  encoder: readonly string[],
): Command {
  const args = argv`
    -v error -nostdin -y
    -f rawvideo -pix_fmt yuv420p -s ${width}x${height} -framerate ${rate} -i ${raw}
    ${encoder}
    ${raw}.mp4
  `;
  return ['ffmpeg', ...args];
}
