import { stat } from 'node:fs/promises';
import { execa } from 'execa';

/** What lies in a finished video, read from the file itself. */
export interface Video {
  path: string;
  bytes: number;
  width: number;
  height: number;
  /** The matrix it is tagged with, such as bt709; undefined where it has no tag. */
  matrix: string | undefined;
  /** When each picture is first shown, in ms, in the order of showing. */
  starts: number[];
  /** When the last picture ends, in ms. */
  end: number;
  hasSound: boolean;
}

interface Stream {
  codec_type: string;
  width: number;
  height: number;
  color_space?: string;
  time_base: string;
  start_pts: number;
  duration_ts: number;
}

interface Packet {
  pts: number;
  flags: string;
}

/** Probes a video with ffprobe, which applies edit lists as players do. */
export async function probeVideo(path: string): Promise<Video> {
  const { size } = await stat(path);
  const { streams } = await ffprobe<{ streams: Stream[] }>(path, ['-show_streams']);
  const pictures = ['-select_streams', 'v:0', '-show_entries', 'packet=pts,flags'];
  const { packets } = await ffprobe<{ packets: Packet[] }>(path, pictures);
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  if (!video) throw new Error(`${path} has no video`);
  const { width, height, color_space: tag } = video;
  const matrix = tag === undefined || tag === 'unknown' ? undefined : tag;
  const hasSound = streams.some(({ codec_type }) => codec_type === 'audio');
  return { path, bytes: size, width, height, matrix, hasSound, ...pictureTimes(packets, video) };
}

/** Times in ms from packets, which come in decoding order; one that is only decoded, before an edit, is left out. */
export function pictureTimes(
  packets: readonly Packet[],
  { time_base, start_pts, duration_ts }: Pick<Stream, 'time_base' | 'start_pts' | 'duration_ts'>,
): Pick<Video, 'starts' | 'end'> {
  const [numerator, denominator] = time_base.split('/').map(Number);
  const ms = (ticks: number) => (ticks * numerator! * 1000) / denominator!;
  const shown = packets.filter(({ flags }) => !flags.includes('D')).map(({ pts }) => pts);
  return { starts: shown.sort((a, b) => a - b).map(ms), end: ms(start_pts + duration_ts) };
}

async function ffprobe<T>(path: string, what: readonly string[]): Promise<T> {
  const { stdout } = await execa('ffprobe', ['-v', 'error', ...what, '-of', 'json', path]);
  return JSON.parse(stdout) as T;
}
