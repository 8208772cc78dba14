import { open, stat } from 'node:fs/promises';
import { ExecaError, execa } from 'execa';
import { BakeError } from './errors.ts';
import { type Schedule, TICKS_PER_SECOND } from './plan/pictures.ts';
import type { Geometry } from './plan/scale.ts';

/** What a finished video is held against. */
export interface Expected {
  readonly kind: 'mp4' | 'webm';
  readonly schedule: Schedule;
  readonly geometry: Geometry;
  readonly hasSound: boolean;
}

/** What is needed of ffprobe's answer. */
export interface Probe {
  readonly streams: readonly {
    readonly codec_name: string;
    readonly codec_type: string;
    readonly width?: number;
    readonly height?: number;
    readonly pix_fmt?: string;
    readonly color_space?: string;
  }[];
  readonly packets: readonly { readonly codec_type: string; readonly pts_time: string }[];
  readonly format: { readonly duration: string };
}

const ASKED = [
  'stream=codec_name,codec_type,width,height,pix_fmt,color_space',
  'packet=codec_type,pts_time',
  'format=duration',
].join(':');
const CODECS = { mp4: ['h264', 'aac'], webm: ['vp9', 'opus'] } as const;
/** Seconds by which a picture may be off: WebM counts in milliseconds, MP4 in ticks, which ffprobe prints to the µs. */
const PICTURE_TOLERANCE = { mp4: 1.5 / TICKS_PER_SECOND, webm: 0.001 } as const;
/** Seconds by which the whole may be off: the last block of sound may be longer than the pictures. */
const END_TOLERANCE = 0.05;

/**
 * Nothing is published unseen: reads the finished video with ffprobe, and throws VERIFY_FAILED unless it has the streams,
 * size, colours and end that were planned, every picture at its time, and, for an MP4, its index before its data. Gives
 * its size in bytes. Throws FFMPEG_MISSING, too, and the signal's reason.
 */
export async function verifyVideo(
  path: string,
  expected: Expected,
  options: { readonly ffprobe: string; readonly signal: AbortSignal },
): Promise<number> {
  const fault = faultIn(await probe(path, expected.kind, options), expected);
  if (fault) throw unlike(expected.kind, fault);
  if (expected.kind === 'mp4' && !(await isFaststart(path))) throw unlike('mp4', 'its index comes last');
  return (await stat(path)).size;
}

async function probe(
  path: string,
  kind: string,
  { ffprobe, signal }: { readonly ffprobe: string; readonly signal: AbortSignal },
): Promise<Probe> {
  const args = ['-v', 'error', '-show_entries', ASKED, '-of', 'json', path];
  try {
    const { stdout } = await execa(ffprobe, args, { cancelSignal: signal, killSignal: 'SIGKILL' });
    const { streams = [], packets = [], format = { duration: '' } } = JSON.parse(stdout) as Partial<Probe>;
    return { streams, packets, format };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ExecaError && (cause.code === 'ENOENT' || cause.code === 'EACCES')) {
      throw new BakeError('FFMPEG_MISSING', 'ffprobe is not installed, or not on the PATH.', { cause });
    }
    throw new BakeError('VERIFY_FAILED', `The finished ${kind} can not be read.`, { cause });
  }
}

function unlike(kind: string, fault: string): BakeError {
  return new BakeError('VERIFY_FAILED', `The finished ${kind} is not as planned: ${fault}.`);
}

/** How a probed video differs from what was planned, or undefined if it doesn't. Pure. */
export function faultIn({ streams, packets, format }: Probe, expected: Expected): string | undefined {
  const { kind, schedule, geometry, hasSound } = expected;
  const [videoCodec, soundCodec] = CODECS[kind];
  const codecs = streams.map(({ codec_name }) => codec_name).join(' and ');
  const wanted = hasSound ? `${videoCodec} and ${soundCodec}` : videoCodec;
  if (codecs !== wanted) return `it has ${codecs || 'nothing'} instead of ${wanted}`;

  const video = streams[0]!;
  const look = `${video.width}×${video.height} ${video.pix_fmt} ${video.color_space}`;
  const wantedLook = `${geometry.width}×${geometry.height} yuv420p bt709`;
  if (look !== wantedLook) return `it is ${look} instead of ${wantedLook}`;

  const shown = packets.filter(({ codec_type }) => codec_type === 'video').map((p) => Number(p.pts_time));
  // Packets are in the order they are decoded.
  const starts = shown.toSorted((a, b) => a - b);
  const { pictures, end } = schedule;
  if (starts.length !== pictures.length)
    return `it has ${starts.length} pictures instead of ${pictures.length}`;
  const late = pictures.findIndex(({ start }, n) => {
    return !(Math.abs(starts[n]! - start / TICKS_PER_SECOND) <= PICTURE_TOLERANCE[kind]);
  });
  if (late !== -1) return `picture ${late} begins at ${starts[late]} s`;

  const seconds = Number(format.duration);
  const planned = end / TICKS_PER_SECOND;
  if (!(Math.abs(seconds - planned) <= END_TOLERANCE)) return `it takes ${seconds} s instead of ${planned}`;
  return undefined;
}

/** Whether the MP4's index (`moov`) stands before its data (`mdat`), so that a player can begin before it has all. */
export async function isFaststart(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(16);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(header, 0, 16, at);
      if (bytesRead < 8) return false;
      const type = header.toString('latin1', 4, 8);
      if (type === 'moov' || type === 'mdat') return type === 'moov';
      // A size of 1 means that the real one follows, in 64 bits; 0 means up to the end.
      const size = header.readUInt32BE(0);
      const length = size === 1 ? Number(header.readBigUInt64BE(8)) : size;
      if (length < 8) return false;
      at += length;
    }
  } finally {
    await file.close();
  }
}
