import { join } from 'node:path';
import { TICKS_PER_SECOND } from '../plan/pictures.ts';
import { PICTURES, type UnpackedSound } from '../unpack.ts';
import { type Content, contentOf } from './content.ts';
import { filterGraph, type Look } from './filters.ts';
import { x264Arguments } from './x264.ts';

/** Everything a video is made from. */
export interface VideoPlan extends Look {
  readonly kind: 'mp4' | 'webm';
  /** Folder of the pictures. */
  readonly pictures: string;
  readonly content: Content;
  readonly sound: UnpackedSound | undefined;
  /** Number of pictures. */
  readonly count: number;
  /** Ticks that the last picture is shown. */
  readonly lastTicks: number;
  readonly output: string;
}

export { contentOf };

/** ffmpeg's arguments for a video: pictures, sound, and progress on its standard output. Pure. */
export function videoArguments(plan: VideoPlan): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-xerror', '-y'],
    ...['-progress', 'pipe:1', '-stats_period', '0.25'],
    ...['-f', 'image2', '-ts_from_file', '1', '-start_number', '0', '-i', join(plan.pictures, PICTURES)],
    ...soundInput(plan.sound),
    ...['-filter_complex', filterGraph(plan), '-map', '[video]'],
    // Every picture keeps its own time; nothing is repeated or dropped to fit a frame rate.
    ...['-vsync', 'passthrough', '-enc_time_base', `1/${TICKS_PER_SECOND}`],
    ...(plan.kind === 'mp4' ? mp4(plan) : webm()),
    // A picture lasts until the next begins; only of the last one must the encoder's guess, a second, be corrected.
    ...['-bsf:v', `setts=duration=if(eq(N\\,${plan.count - 1})\\,${plan.lastTicks}\\,1)`],
    ...soundOutput(plan),
    ...['-map_metadata', '-1', plan.output],
  ];
}

const COLOURS = [
  '-color_primaries',
  'bt709',
  '-color_trc',
  'bt709',
  '-colorspace',
  'bt709',
  '-color_range',
  'tv',
];

function mp4({ content }: VideoPlan): string[] {
  const container = ['-f', 'mp4', '-video_track_timescale', `${TICKS_PER_SECOND}`, '-movflags', '+faststart'];
  return [...x264Arguments(content), ...COLOURS, ...container];
}

function webm(): string[] {
  // Realtime VP9 is within a few percent of `good` on drawings, and ten times as fast.
  const speed = ['-deadline', 'realtime', '-cpu-used', '7', '-row-mt', '1', '-lag-in-frames', '0'];
  return ['-c:v', 'libvpx-vp9', ...speed, '-crf', '24', '-b:v', '0', ...COLOURS, '-f', 'webm'];
}

function soundInput(sound: UnpackedSound | undefined): string[] {
  if (!sound) return [];
  return ['-f', sound.format, '-ar', `${sound.sampleRate}`, '-ac', `${sound.channels}`, '-i', sound.path];
}

function soundOutput({ kind, sound }: VideoPlan): string[] {
  if (!sound) return [];
  const codec = kind === 'mp4' ? ['aac', '-aac_coder', 'fast', '-b:a', '128k'] : ['libopus', '-b:a', '96k'];
  return ['-map', '1:a', '-c:a', ...codec, '-ac', `${Math.min(2, sound.channels)}`];
}
