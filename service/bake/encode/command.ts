import { TICKS_PER_MS, TICKS_PER_SECOND } from '../plan/pictures.ts';
import { encodedRate } from '../plan/sound.ts';
import type { UnpackedSound } from '../unpack.ts';
import type { Content } from './content.ts';
import { filterGraph, type Look } from './filters.ts';
import { x264Arguments } from './x264.ts';

/** Everything a video is made from. */
export interface VideoPlan extends Look {
  readonly kind: 'mp4' | 'webm';
  readonly content: Content;
  readonly sound: UnpackedSound | undefined;
  /** When the last picture begins, and when it ends, in ticks. */
  readonly lastStart: number;
  readonly end: number;
  readonly output: string;
}

/** ffmpeg's arguments for a video: pictures from its standard input, and progress on its standard output. Pure. */
export function videoArguments(plan: VideoPlan): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-v', 'error', '-xerror', '-y'],
    ...['-progress', 'pipe:1', '-stats_period', '0.25'],
    // Each thread that decodes holds pictures.
    ...['-threads', '1', '-f', 'matroska', '-i', 'pipe:0'],
    ...soundInput(plan),
    ...['-filter_complex', filterGraph(plan), '-map', '[video]'],
    // Every picture keeps its own time; nothing is repeated or dropped to fit a frame rate.
    ...['-fps_mode:v', 'passthrough', '-enc_time_base', `1/${TICKS_PER_SECOND}`],
    ...(plan.kind === 'mp4' ? mp4(plan) : webm()),
    ...['-bsf:v', `setts=pts=PTS:dts=DTS:duration=${durations(plan)}`],
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

/**
 * A picture lasts until the next begins; only for the last one, in the order they are shown, must the encoder's guess of a
 * second be corrected. An MP4 counts in ticks, a WebM in milliseconds. (Left to its default, setts would take B-frames' pts
 * for their dts.)
 */
function durations({ kind, lastStart, end }: VideoPlan): string {
  const unit = kind === 'mp4' ? 1 : TICKS_PER_MS;
  const [start, stop] = [Math.round(lastStart / unit), Math.round(end / unit)];
  return `if(gte(PTS\\,${start})\\,${Math.max(1, stop - start)}\\,1)`;
}

function mp4({ content, geometry }: VideoPlan): string[] {
  const container = ['-f', 'mp4', '-video_track_timescale', `${TICKS_PER_SECOND}`, '-movflags', '+faststart'];
  return [...x264Arguments(content, geometry.width * geometry.height), ...COLOURS, ...container];
}

function webm(): string[] {
  // Realtime VP9 is within a few percent of `good` on drawings, and ten times as fast.
  const speed = ['-deadline', 'realtime', '-cpu-used', '7', '-row-mt', '1', '-lag-in-frames', '0'];
  return [
    '-c:v',
    'libvpx-vp9',
    ...speed,
    '-crf',
    '24',
    '-b:v',
    '0',
    ...COLOURS,
    '-avoid_negative_ts',
    'disabled',
    '-f',
    'webm',
  ];
}

/** Seconds of silence that libopus puts before the sound, and that players of a WebM take off its times as well as its samples. */
const OPUS_DELAY = 312 / 48_000;

function soundInput({ kind, sound }: VideoPlan): string[] {
  if (!sound) return [];
  // ffmpeg subtracts the delay from the times it writes, and the WebM's CodecDelay does once more: sound would be early.
  const offset = kind === 'webm' ? ['-itsoffset', `${OPUS_DELAY}`] : [];
  const { format, sampleRate, channels, path } = sound;
  return [...offset, '-f', format, '-ar', `${sampleRate}`, '-ac', `${channels}`, '-i', path];
}

function soundOutput({ kind, sound }: VideoPlan): string[] {
  if (!sound) return [];
  const codec = kind === 'mp4' ? ['aac', '-aac_coder', 'fast', '-b:a', '128k'] : ['libopus', '-b:a', '96k'];
  const rate = encodedRate(kind, sound.sampleRate);
  return ['-map', '1:a', '-c:a', ...codec, '-ac', `${Math.min(2, sound.channels)}`, '-ar', `${rate}`];
}
