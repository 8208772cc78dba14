import { join } from 'node:path';
import { execa } from 'execa';
import { filterGraph } from '../service/bake/encode/command.ts';
import { INDEX_RATE } from '../service/bake/encode/samples.ts';
import { contentOf, gainsByReordering, x264Arguments } from '../service/bake/encode/x264.ts';
import { type Geometry, planScale, type Scale } from '../service/bake/plan/size.ts';
import type { Command } from './measure.ts';
import { linkFrames, type Source } from './source.ts';

/** Bytes of raw pictures beyond which there is no floor: what doesn't stay in memory would time the disk. */
const LARGEST_RAW = 2 * 2 ** 30;
/** Bytes of a pixel in 4:2:0. */
const BYTES_PER_PIXEL = 1.5;

/**
 * The command that is the floor: the bare encoder, fed the pictures of Oven's own video as raw frames, with Oven's own
 * settings. The raw file is made here, in `folder`, and not timed. Undefined where it would be too large.
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
  const filters = filterGraph({ geometry, alpha: true, blend: true });
  await execa('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', '-i', frames, '-filter_complex', filters, '-map', '[video]'],
    ...['-fps_mode', 'passthrough', '-f', 'rawvideo', raw],
  ]);
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
  });
}

/** Bytes of so many raw pictures. */
export function rawBytes({ width, height }: Pick<Geometry, 'width' | 'height'>, pictures: number): number {
  return width * height * BYTES_PER_PIXEL * pictures;
}

/** Encodes a file of raw 4:2:0 pictures, `rate` a second, and throws the rest of the work away. */
export function floorCommand(
  { raw, width, height, rate }: { raw: string; width: number; height: number; rate: number },
  encoder: readonly string[],
): Command {
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-s',
    `${width}x${height}`,
    '-framerate',
    `${rate}`,
  ];
  return ['ffmpeg', '-v', 'error', '-nostdin', '-y', ...input, '-i', raw, ...encoder, `${raw}.mp4`];
}
