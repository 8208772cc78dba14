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
}

interface Format {
  duration: string;
}

interface Packet {
  pts: number;
  /** Not told by ffprobe where pictures are not in the order they are shown (B-frames). */
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
 * Times in ms from packets, which come in decoding order; one that is only decoded, before an edit, is left out. Where the
 * last picture's own duration is not told, it ends with the movie (`seconds`): its sound is never the longer, in our tapes.
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

async function ffprobe<T>(path: string, what: readonly string[]): Promise<T> {
  const { stdout } = await execa('ffprobe', ['-v', 'error', ...what, '-of', 'json', path]);
  return JSON.parse(stdout) as T;
}
