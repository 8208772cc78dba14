import { join } from 'node:path';
import { execa } from 'execa';
import { SAMPLE_RATE } from '../test/tapes/sound.ts';
import { findBursts } from './bursts.ts';
import type { Video } from './probe.ts';
import { picturesShown, type Source } from './source.ts';
import { worst } from './statistics.ts';

/** How far from the tape's own time a video is, in ms. */
export interface TimingErrors {
  /** Of what begins to be seen: the worst of all. */
  video: number;
  /** Of the video's end, positive where it is late. */
  end: number;
  /** Of the bursts in the sound: the worst of all; undefined without sound, infinite where a burst is lost. */
  sound: number | undefined;
}

/** Measures a finished video's times against the tape. */
export async function measureTiming(source: Source, video: Video): Promise<TimingErrors> {
  return {
    video: videoError(source, video.starts),
    end: video.end - source.starts.at(-1)!,
    sound: source.hasSound ? await soundError(source, video) : undefined,
  };
}

/** The worst error in ms among all moments at which the tape shows something else than before. */
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

/** The worst distance in ms of a burst from where it belongs; both in seconds. Infinite where their number differs. */
export function burstError(truth: readonly number[], found: readonly number[]): number {
  if (truth.length !== found.length) return Infinity;
  return worst(truth.map((time, n) => (found[n]! - time) * 1000));
}

/** The sound as mono samples that begin where the film begins: what comes later is preceded by silence. */
export async function decodeSound(path: string): Promise<Float32Array> {
  const filter = `aresample=${SAMPLE_RATE}:async=1:first_pts=0`;
  const output = ['-ac', '1', '-c:a', 'pcm_f32le', '-f', 'f32le', '-'];
  const args = ['-v', 'error', '-nostdin', '-i', path, '-vn', '-af', filter, ...output];
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' });
  return new Float32Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.byteLength));
}
