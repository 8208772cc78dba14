import { join } from 'node:path';
import { execa } from 'execa';
import { argv } from '../service/lib/argv.ts';
import { SAMPLE_RATE } from '../test/tapes/sound.ts';
import { findBursts } from './bursts.ts';
import type { Video } from './probe.ts';
import { picturesShown, type Source } from './source.ts';
import { worst } from './statistics.ts';

/** The distances of a video's times from the tape's, in ms. */
export interface TimingErrors {
  /** The worst of all changes of the picture. */
  video: number;
  /** That of the end, positive where the video ends late. */
  end: number;
  /** The worst of all bursts in the sound; undefined without sound, infinite where a burst is lost. */
  sound: number | undefined;
}

/** Compares the times of a finished video with the tape's. */
export async function measureTiming(source: Source, video: Video): Promise<TimingErrors> {
  return {
    video: videoError(source, video.starts),
    end: video.end - source.starts.at(-1)!,
    sound: source.hasSound ? await soundError(source, video) : undefined,
  };
}

/** The worst error, in ms, of all changes of the picture. */
export function videoError(
  source: Pick<Source, 'frames' | 'runs' | 'starts'>,
  starts: readonly number[],
): number {
  const shown = picturesShown(starts, source);
  return worst(source.runs.map((frame) => starts[shown.indexOf(frame)]! - source.starts[frame]!));
}

async function soundError(source: Source, video: Video): Promise<number> {
  if (!video.hasSound) return Infinity;
  const truth = findBursts(await decodeSound(join(source.folder, 'soundtrack.wav')));
  return burstError(truth, findBursts(await decodeSound(video.path)));
}

/** The worst distance, in ms, of a burst from its true time. Both lists are in seconds. Infinite where their lengths differ. */
export function burstError(truth: readonly number[], found: readonly number[]): number {
  if (truth.length !== found.length) return Infinity;
  return worst(truth.map((time, n) => (found[n]! - time) * 1000));
}

/** The sound as mono samples from the start of the video. A sound that starts late begins with silence. */
export async function decodeSound(path: string): Promise<Float32Array> {
  const filter = `aresample=${SAMPLE_RATE}:async=1:first_pts=0`;
  const args = argv`-v error -nostdin -i ${path} -vn -af ${filter} -ac 1 -c:a pcm_f32le -f f32le -`;
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength));
}
