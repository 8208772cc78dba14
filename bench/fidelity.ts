import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { argv } from '../service/lib/argv.ts';
import type { Video } from './probe.ts';
import { linkFrames, picturesShown, type Source } from './source.ts';

/** Likeness to the source in RGB, in dB; infinite where all pixels are equal. */
export interface Fidelity {
  /** PSNR of all frames of the tape together, from the mean of their squared errors. */
  psnr: number;
  /** PSNR of the worst picture. */
  worstPsnr: number;
}

const WHITE = 255;

/**
 * Compares every frame of the source with the picture that shows it, after the video is shrunk back by nearest neighbour.
 * A picture that stands for several equal frames counts as often. Alpha of the source is laid on black.
 */
export async function measureFidelity(source: Source, video: Video): Promise<Fidelity> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-psnr-'));
  try {
    const shown = picturesShown(video.starts, source);
    const frames = await linkFrames(source, shown, join(folder, 'frames'));
    const compare = comparison(source, video);
    const args = argv`-v error -nostdin -i ${video.path} -framerate 60 -i ${frames} -filter_complex ${compare} -an -f null -`;
    await execa('ffmpeg', args, { cwd: folder });
    const psnrs = parsePsnr(await readFile(join(folder, STATS), 'utf8'));
    if (psnrs.length !== shown.length) {
      throw new Error(`${psnrs.length} pictures were compared instead of ${shown.length}`);
    }
    return { psnr: weightedPsnr(psnrs, weights(shown, source.frames)), worstPsnr: Math.min(...psnrs) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const STATS = 'psnr.log';

/** The filters that bring video and source to RGB of the source's size, and pair pictures by number. */
export function comparison(
  { width, height }: Pick<Source, 'width' | 'height'>,
  video: Pick<Video, 'width' | 'height' | 'matrix'>,
): string {
  const numbered = 'settb=1/60,setpts=N';
  // An untagged video has BT.601, the default of swscale. The filter names the matrix, so that ffmpeg guesses nothing.
  const matrix = `in_color_matrix=${video.matrix ?? 'bt601'}`;
  const shrink = `scale=${width}:${height}:flags=neighbor+accurate_rnd+full_chroma_int:${matrix}`;
  const padding = unpad(video.width, width, video.height, height);
  const onBlack = 'format=gbrap,premultiply=inplace=1';
  return [
    `[0:v]${numbered},${padding}${shrink},format=gbrp[baked]`,
    `[1:v]${numbered},${onBlack},format=gbrp[source]`,
    `[baked][source]psnr=stats_file=${STATS}`,
  ].join(';');
}

/** Cuts off the padding of an odd size. The plain recipe scales instead, and has no padding. */
function unpad(videoWidth: number, width: number, videoHeight: number, height: number): string {
  const inside = (padded: number, side: number) => Math.min(padded, Math.round(padded / side) * side);
  const [innerWidth, innerHeight] = [inside(videoWidth, width), inside(videoHeight, height)];
  if (innerWidth === videoWidth && innerHeight === videoHeight) return '';
  return `crop=${innerWidth}:${innerHeight}:0:0:exact=1,`;
}

/** The dB of each picture in order, from the file of ffmpeg's psnr filter. */
export function parsePsnr(stats: string): number[] {
  return [...stats.matchAll(/psnr_avg:(\S+)/g)].map(([, db]) => (db === 'inf' ? Infinity : Number(db)));
}

/** The number of frames that each picture stands for: those up to the next picture's. */
export function weights(shown: readonly number[], frames: number): number[] {
  return shown.map((frame, n) => (shown[n + 1] ?? frames) - frame);
}

/** The dB of the weighted mean of squared errors. A mean of dB would hide a few bad pictures among good ones. */
export function weightedPsnr(psnrs: readonly number[], weightOf: readonly number[]): number {
  const total = weightOf.reduce((sum, weight) => sum + weight, 0);
  const errors = psnrs.reduce((sum, db, n) => sum + weightOf[n]! * WHITE ** 2 * 10 ** (-db / 10), 0);
  return 10 * Math.log10(WHITE ** 2 / (errors / total));
}
