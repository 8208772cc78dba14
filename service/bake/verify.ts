import { open, stat } from 'node:fs/promises';
import { BakeError } from './errors.ts';
import { type Schedule, TICKS_PER_SECOND } from './plan/pictures.ts';
import type { Geometry } from './plan/scale.ts';
import { type Probe, probeVideo } from './probe.ts';

/** What a finished video is held against. */
export interface Expected {
  readonly kind: 'mp4' | 'webm';
  readonly schedule: Schedule;
  readonly geometry: Geometry;
  readonly hasSound: boolean;
}

const CODECS = { mp4: ['avc', 'aac'], webm: ['vp9', 'opus'] } as const;
/** Baseline, Main and High of H.264 and profile 0 of VP9 are 4:2:0 with 8 bits, which every player can show. */
const PLAYABLE = { mp4: /^avc1\.(42|4d|64)/i, webm: /^vp09\.00\./ } as const;
/** Seconds by which a picture may be off: WebM counts in milliseconds, MP4 in ticks. */
const PICTURE_TOLERANCE = { mp4: 1.5 / TICKS_PER_SECOND, webm: 0.001 } as const;
/** Seconds by which the whole may be off: the last block of sound may be longer than the pictures. */
const END_TOLERANCE = 0.05;

/**
 * Nothing is published unseen: reads the finished video, and throws VERIFY_FAILED unless it has the tracks, size, colours and end that
 * were planned, every picture at its time, and, for an MP4, its index before its data and all of that. Gives its size in bytes.
 * Throws the signal's reason, too.
 */
export async function verifyVideo(path: string, expected: Expected, signal: AbortSignal): Promise<number> {
  const { kind } = expected;
  const found = await probeVideo(path).catch((cause) => {
    throw new BakeError('VERIFY_FAILED', `The finished ${kind} can not be read.`, { cause });
  });
  signal.throwIfAborted();
  const fault = faultIn(found, expected) ?? (kind === 'mp4' ? await layoutFault(path) : undefined);
  if (fault) throw new BakeError('VERIFY_FAILED', `The finished ${kind} is not as planned: ${fault}.`);
  return (await stat(path)).size;
}

/** How a probed video differs from what was planned, or undefined if it doesn't. Pure. */
export function faultIn({ tracks, starts, duration }: Probe, expected: Expected): string | undefined {
  const { kind, schedule, geometry, hasSound } = expected;
  const [videoCodec, soundCodec] = CODECS[kind];
  const codecs = tracks.map(({ codec }) => codec).join(' and ');
  const wanted = hasSound ? `${videoCodec} and ${soundCodec}` : videoCodec;
  if (codecs !== wanted) return `it has ${codecs || 'nothing'} instead of ${wanted}`;

  const { width, height, profile, matrix } = tracks[0]!;
  if (!PLAYABLE[kind].test(profile)) return `it is ${profile}, which few can play`;
  const look = `${width}×${height} in ${matrix}`;
  const wantedLook = `${geometry.width}×${geometry.height} in bt709`;
  if (look !== wantedLook) return `it is ${look} instead of ${wantedLook}`;

  // Stored in the order in which they are decoded.
  const shown = starts.toSorted((a, b) => a - b);
  const { pictures, end } = schedule;
  if (shown.length !== pictures.length)
    return `it has ${shown.length} pictures instead of ${pictures.length}`;
  const late = pictures.findIndex(({ start }, n) => {
    return !(Math.abs(shown[n]! - start / TICKS_PER_SECOND) <= PICTURE_TOLERANCE[kind]);
  });
  if (late !== -1) return `picture ${late} begins at ${shown[late]} s`;

  const planned = end / TICKS_PER_SECOND;
  if (!(Math.abs(duration - planned) <= END_TOLERANCE)) return `it takes ${duration} s instead of ${planned}`;
  return undefined;
}

/** The index (`moov`) of an MP4 has to stand before its data (`mdat`), so that a player can begin before it has all; and no box may be cut off. */
export async function layoutFault(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size: end } = await file.stat();
    const boxes: string[] = [];
    const header = Buffer.alloc(16);
    let at = 0;
    while (at < end) {
      const { bytesRead } = await file.read(header, 0, 16, at);
      // A size of 1 means that the real one follows, in 64 bits; 0 means up to the end.
      const size = header.readUInt32BE(0);
      const length = size === 1 ? Number(header.readBigUInt64BE(8)) : size === 0 ? end - at : size;
      if (bytesRead < 8 || length < 8) return 'it is damaged';
      boxes.push(header.toString('latin1', 4, 8));
      at += length;
    }
    const [index, data] = [boxes.indexOf('moov'), boxes.indexOf('mdat')];
    if (at !== end || index === -1 || data === -1) return 'it is cut off';
    return index < data ? undefined : 'its index comes last';
  } finally {
    await file.close();
  }
}
