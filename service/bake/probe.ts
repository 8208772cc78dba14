import type { InputTrack } from 'mediabunny';
import { loadMediabunny } from './container/mediabunny.ts';

/** What is in a finished video, as far as it is looked at. */
export interface Probe {
  readonly tracks: readonly ProbedTrack[];
  /** Seconds that the file says it takes, as players show it; where it says nothing, up to the end of the last of all tracks. */
  readonly duration: number;
}

export interface ProbedTrack {
  /** `avc`, `aac`, `vp9`, `opus` … */
  readonly codec: string;
  /** The codec with its profile, as a browser is asked about it (RFC 6381): `avc1.4d402a`. */
  readonly profile: string;
  /** Pixels; none for sound. */
  readonly width?: number;
  readonly height?: number;
  /** How colours were made to brightness and chroma: `bt709`. */
  readonly matrix?: string;
  /** In the order in which they are stored, which is that of decoding. */
  readonly samples: readonly ProbedSample[];
}

/** One sample, by the tables of its own track, in seconds; sound may begin before 0. */
export interface ProbedSample {
  readonly start: number;
  readonly duration: number;
}

/** Reads a finished MP4 or WebM, without decoding it. Throws what the demuxer does when the file is neither, or is damaged. */
export async function probeVideo(path: string): Promise<Probe> {
  const { Input, FilePathSource, MP4, WEBM } = loadMediabunny();
  const input = new Input({ formats: [MP4, WEBM], source: new FilePathSource(path) });
  try {
    const tracks = await input.getTracks();
    return {
      tracks: await Promise.all(tracks.map(describe)),
      duration: (await input.getDurationFromMetadata()) ?? (await input.computeDuration()),
    };
  } finally {
    input.dispose();
  }
}

async function describe(track: InputTrack): Promise<ProbedTrack> {
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
