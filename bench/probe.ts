import { stat } from 'node:fs/promises';
import { execa } from 'execa';
import { argv } from '../service/lib/argv.ts';

/** A finished video, as its file says. */
export interface Video {
  path: string;
  bytes: number;
  width: number;
  height: number;
  /** The matrix in its tag, such as bt709; undefined without a tag. */
  matrix: string | undefined;
  /** The start of each picture, in ms, in the order shown. */
  starts: number[];
  /** The end of the last picture, in ms. */
  end: number;
  hasSound: boolean;
}

interface Stream {
  codec_type: string;
  width: number;
  height: number;
  color_space?: string;
  time_base: string;
}

interface Format {
  duration: string;
}

interface Packet {
  pts: number;
  /** ffprobe gives none where pictures are stored in another order than shown (B-frames). */
  duration?: number;
  flags: string;
}

/** Probes a video with ffprobe, which applies edit lists as players do. */
export async function probeVideo(path: string): Promise<Video> {
  const { size } = await stat(path);
  const about = ['-show_streams', '-show_format'];
  const { streams, format } = await ffprobe<{ streams: Stream[]; format: Format }>(path, about);
  const pictures = ['-select_streams', 'v:0', '-show_entries', 'packet=pts,duration,flags'];
  const { packets } = await ffprobe<{ packets: Packet[] }>(path, pictures);
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  if (!video) throw new Error(`${path} has no video`);
  const { width, height, color_space: tag } = video;
  const matrix = tag === undefined || tag === 'unknown' ? undefined : tag;
  const hasSound = streams.some(({ codec_type }) => codec_type === 'audio');
  const times = pictureTimes(packets, video.time_base, Number(format.duration));
  return { path, bytes: size, width, height, matrix, hasSound, ...times };
}

/**
 * Times in ms from packets, which come in the order of decoding. A packet that is only decoded, before an edit, is left out. A last
 * picture without a duration ends with the movie (`seconds`), whose sound is never longer than the pictures in our tapes.
 */
export function pictureTimes(
  packets: readonly Packet[],
  timeBase: string,
  seconds: number,
): Pick<Video, 'starts' | 'end'> {
  const [numerator, denominator] = timeBase.split('/').map(Number);
  const ms = (ticks: number) => (ticks * numerator! * 1000) / denominator!;
  const shown = packets.filter(({ flags }) => !flags.includes('D')).sort((a, b) => a.pts - b.pts);
  const last = shown.at(-1);
  const end = last?.duration === undefined ? seconds * 1000 : ms(last.pts + last.duration);
  return { starts: shown.map(({ pts }) => ms(pts)), end };
}

async function ffprobe<T>(path: string, entries: readonly string[]): Promise<T> {
  const { stdout } = await execa('ffprobe', argv`-v error ${entries} -of json ${path}`);
  return JSON.parse(stdout) as T;
}
