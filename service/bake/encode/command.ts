import { INDEX_RATE } from '../plan/samples.ts';
import { encodedRate } from '../plan/sound.ts';
import type { UnpackedSound } from '../unpack.ts';
import { filterGraph, type Look } from './filters.ts';
import { type Stream, x264Arguments } from './x264.ts';

export type VideoKind = 'mp4' | 'webm';

/** What the pictures of a video are encoded from, and how. */
export interface PicturesPlan extends Look, Omit<Stream, 'width' | 'height'> {
  readonly kind: VideoKind;
}

/** Where ffmpeg writes what it encodes: the first descriptor that is not one of the standard three. */
export const PACKETS_TO = 3;

/** Bytes that ffmpeg may take at once: what a chunk of a PNG unpacks to has no other bound. */
const MOST_AT_ONCE = 64 * 1024 * 1024;

const QUIET = ['-hide_banner', '-nostdin', '-v', 'warning', '-xerror', '-max_alloc', `${MOST_AT_ONCE}`];
const TELL = ['-progress', 'pipe:1', '-stats_period', '0.25'];
const ONLY = ['-protocol_whitelist', 'pipe,file'];
/** Milliseconds of packets that come together: reading each by itself would cost time, and a second's would be late. */
const TOGETHER = 200;
const OUT = [
  ...['-map_metadata', '-1', '-f', 'matroska', '-cluster_time_limit', `${TOGETHER}`],
  `pipe:${PACKETS_TO}`,
];

/**
 * ffmpeg's arguments for the pictures: PNGs in Matroska from its standard input, progress on its standard output, and packets in
 * Matroska, each under its number. Pure.
 */
export function pictureArguments(plan: PicturesPlan): string[] {
  const { width, height } = plan.geometry;
  return [
    ...[...QUIET, ...TELL],
    // Each thread that decodes holds pictures.
    ...['-threads', '1', ...ONLY, '-f', 'matroska', '-i', 'pipe:0'],
    ...['-filter_complex', filterGraph(plan), '-map', '[video]'],
    ...['-fps_mode:v', 'passthrough', '-enc_time_base', `1/${INDEX_RATE}`],
    ...(plan.kind === 'mp4' ? x264Arguments({ ...plan, width, height }) : VP9),
    ...[...COLOURS, ...OUT],
  ];
}

/** Realtime VP9 is within a few percent of `good` on drawings, and ten times as fast. No picture waits for a later one. */
const VP9 = [
  ...['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '7', '-row-mt', '1', '-lag-in-frames', '0'],
  ...['-crf', '24', '-b:v', '0'],
];

const COLOURS = [
  ...['-color_primaries', 'bt709', '-color_trc', 'bt709'],
  ...['-colorspace', 'bt709', '-color_range', 'tv'],
];

/** ffmpeg's arguments for the sound, in a process of its own beside the pictures': packets in Matroska. Pure. */
export function soundArguments(kind: VideoKind, sound: UnpackedSound): string[] {
  const { format, sampleRate, channels, path } = sound;
  return [
    ...[...QUIET, ...TELL],
    ...[...ONLY, '-f', format, '-ar', `${sampleRate}`, '-ac', `${channels}`, '-i', path],
    ...(kind === 'mp4' ? AAC : OPUS),
    ...['-ac', `${Math.min(2, channels)}`, '-ar', `${encodedRate(kind, sampleRate)}`, ...OUT],
  ];
}

const AAC = ['-c:a', 'aac', '-aac_coder', 'fast', '-b:a', '128k'];
const OPUS = ['-c:a', 'libopus', '-b:a', '96k'];
