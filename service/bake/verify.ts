import { open, stat } from 'node:fs/promises';
import type { InputTrack } from 'mediabunny';
import { loadMediabunny } from './container/mp4.ts';
import type { Sample } from './encode/samples.ts';
import { BakeError } from './errors.ts';
import type { Container } from './outputs.ts';
import type { Geometry } from './plan/size.ts';
import { TICKS_PER_SECOND } from './plan/timeline.ts';

/** What a finished video has to be. */
export interface Expected {
  readonly container: Container;
  readonly samples: readonly Sample[];
  readonly geometry: Geometry;
  /** Seconds of sound; undefined where there is none. */
  readonly soundSeconds: number | undefined;
}

const CODECS: Readonly<Record<Container, readonly [string, string]>> = {
  mp4: ['avc', 'aac'],
  webm: ['vp9', 'opus'],
};
/** Every player can show 4:2:0 with 8 bits: Baseline, Main and High of H.264, and profile 0 of VP9. */
const PLAYABLE: Readonly<Record<Container, RegExp>> = {
  mp4: /^avc1\.(42|4d|64)/i,
  webm: /^vp09\.00\./,
};
/** Seconds by which a picture may be off. */
const PICTURE_TOLERANCE = 1.5 / TICKS_PER_SECOND;
/** Seconds by which the sound's end may be off. The last packet of an Opus track is whole, and tells how much of it is left out. */
const SOUND_TOLERANCE: Readonly<Record<Container, number>> = { mp4: 0.001, webm: 0.021 };

/**
 * Reads a finished video before it is published, and gives its size in bytes. Throws VERIFY_FAILED unless it has the planned tracks, size,
 * colours and end, every picture at its time, and, for an MP4, its index before its data, both complete. Throws the signal's reason too.
 */
export async function verifyVideo(path: string, expected: Expected, signal: AbortSignal): Promise<number> {
  const { container } = expected;
  const found = await probeVideo(path).catch((cause) => {
    throw new BakeError('VERIFY_FAILED', `The finished ${container} can not be read.`, { cause });
  });
  signal.throwIfAborted();
  const fault = faultIn(found, expected) ?? (container === 'mp4' ? await layoutFault(path) : undefined);
  if (fault) throw new BakeError('VERIFY_FAILED', `The finished ${container} is not as planned: ${fault}.`);
  return (await stat(path)).size;
}

/** How a probed video differs from the plan; undefined if it doesn't. Pure. */
export function faultIn({ tracks, duration }: Probe, expected: Expected): string | undefined {
  const { container, samples, geometry, soundSeconds } = expected;
  const [videoCodec, soundCodec] = CODECS[container];
  const codecs = tracks.map(({ codec }) => codec).join(' and ');
  const wanted = soundSeconds === undefined ? videoCodec : `${videoCodec} and ${soundCodec}`;
  if (codecs !== wanted) return `it has ${codecs || 'nothing'} instead of ${wanted}`;

  const [pictures, sound] = tracks;
  const { width, height, profile, matrix } = pictures!;
  if (!PLAYABLE[container].test(profile)) return `it is ${profile}, which few can play`;
  const look = `${width}×${height} in ${matrix}`;
  const wantedLook = `${geometry.width}×${geometry.height} in bt709`;
  if (look !== wantedLook) return `it is ${look} instead of ${wantedLook}`;

  const fault =
    pictureFaultIn(pictures!.samples, expected) ?? (sound && soundFaultIn(sound.samples, expected));
  if (fault) return fault;
  const planned = Math.max(samples.at(-1)!.end / TICKS_PER_SECOND, soundSeconds ?? 0);
  const off = Math.abs(duration - planned);
  if (!(off <= SOUND_TOLERANCE[container])) return `it takes ${duration} s instead of ${planned}`;
  return undefined;
}

/** Checks that every picture is shown from its start to the next one's, and the last to the end, by the tables of their track. */
function pictureFaultIn(
  found: readonly ProbedSample[],
  { container, samples }: Expected,
): string | undefined {
  if (found.length !== samples.length) return `it has ${found.length} pictures instead of ${samples.length}`;
  const near = (a: number, b: number) => Math.abs(a - b) <= PICTURE_TOLERANCE;
  // Samples are stored in the order of decoding.
  const shown = found.toSorted((a, b) => a.start - b.start);
  const late = samples.findIndex(({ start }, n) => !near(shown[n]!.start, start / TICKS_PER_SECOND));
  if (late !== -1) return `picture ${late} begins at ${shown[late]!.start} s`;
  const last = shown.at(-1)!;
  if (found.at(-1) !== last) return 'the picture shown last is not decoded last';
  const ends = last.start + last.duration;
  const end = samples.at(-1)!.end / TICKS_PER_SECOND;
  if (!near(ends, end)) return `its last picture ends at ${ends} s instead of ${end}`;
  // An MP4 stores the duration of every sample in a table of its own.
  const sum = found.reduce((sum, { duration }) => sum + duration, 0);
  if (container === 'mp4' && !near(sum, end)) return `its pictures take ${sum} s instead of ${end}`;
  return undefined;
}

/** Checks that the sound begins at 0, or earlier by what a decoder leaves out, and ends where it was cut. */
function soundFaultIn(
  found: readonly ProbedSample[],
  { container, soundSeconds = 0 }: Expected,
): string | undefined {
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last) return 'its sound is empty';
  const tolerance = SOUND_TOLERANCE[container];
  const end = last.start + last.duration;
  if (!(first.start <= tolerance)) return `its sound begins at ${first.start} s`;
  if (!(Math.abs(end - soundSeconds) <= tolerance))
    return `its sound ends at ${end} s instead of ${soundSeconds}`;
  return undefined;
}

/** Checks that the index (`moov`) of an MP4 stands before its data (`mdat`), so that a player can begin early, and that no box is cut off. */
export async function layoutFault(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size: end } = await file.stat();
    const boxes: string[] = [];
    const header = Buffer.alloc(16);
    let at = 0;
    while (at < end) {
      const { bytesRead } = await file.read(header, 0, 16, at);
      // A size of 1 means that the real one follows in 64 bits. A size of 0 means up to the end of the file.
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

/** The parts of a finished video that are checked. */
export interface Probe {
  readonly tracks: readonly ProbedTrack[];
  /** Seconds, as the file says and players show; where it says nothing, up to the end of the longest track. */
  readonly duration: number;
}

export interface ProbedTrack {
  /** `avc`, `aac`, `vp9`, `opus` … */
  readonly codec: string;
  /** The codec with its profile, as a browser is asked about it (RFC 6381): `avc1.4d402a`. */
  readonly profile: string;
  /** Pixels; absent for sound. */
  readonly width?: number;
  readonly height?: number;
  /** The matrix by which colours became brightness and chroma: `bt709`. */
  readonly matrix?: string;
  /** In the order in which they are stored, the order of decoding. */
  readonly samples: readonly ProbedSample[];
}

/** One sample by the tables of its track, in seconds. Sound may start before 0. */
export interface ProbedSample {
  readonly start: number;
  readonly duration: number;
}

/** Reads a finished MP4 or WebM without decoding it. Throws the demuxer's error for a file that is neither, or is damaged. */
export async function probeVideo(path: string): Promise<Probe> {
  const { Input, FilePathSource, MP4, WEBM } = loadMediabunny();
  const input = new Input({ formats: [MP4, WEBM], source: new FilePathSource(path) });
  try {
    const tracks = await input.getTracks();
    return {
      tracks: await Promise.all(tracks.map(describeTrack)),
      duration: (await input.getDurationFromMetadata()) ?? (await input.computeDuration()),
    };
  } finally {
    input.dispose();
  }
}

async function describeTrack(track: InputTrack): Promise<ProbedTrack> {
  const codec = (await track.getCodec()) ?? 'an unknown codec';
  const profile = (await track.getCodecParameterString()) ?? '';
  const samples = await samplesOf(track);
  if (!track.isVideoTrack()) return { codec, profile, samples };
  const { matrix } = await track.getColorSpace();
  const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
  return { codec, profile, samples, width, height, ...(matrix && { matrix }) };
}

async function samplesOf(track: InputTrack): Promise<ProbedSample[]> {
  const { EncodedPacketSink } = loadMediabunny();
  const packets = new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true });
  const samples: ProbedSample[] = [];
  for await (const { timestamp, duration } of packets) samples.push({ start: timestamp, duration });
  return samples;
}
