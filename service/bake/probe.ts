import { createRequire } from 'node:module';
import type { InputTrack } from 'mediabunny';

/** What is in a finished video, as far as it is looked at. */
export interface Probe {
  readonly tracks: readonly ProbedTrack[];
  /** Seconds at which a picture begins, in the order in which they are stored. */
  readonly starts: readonly number[];
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
}

/**
 * Loads what reads videos, once. As one file it takes a quarter of the time that its modules would take one by one, and all of it
 * passes beside the encoder when it is asked for early.
 */
export function loadDemuxer(): typeof import('mediabunny') {
  return createRequire(import.meta.url)('mediabunny');
}

/** Reads a finished MP4 or WebM, without decoding it. Throws what the demuxer does when the file is neither, or is damaged. */
export async function probeVideo(path: string): Promise<Probe> {
  const { Input, FilePathSource, MP4, WEBM, EncodedPacketSink } = loadDemuxer();
  const input = new Input({ formats: [MP4, WEBM], source: new FilePathSource(path) });
  try {
    const tracks = await input.getTracks();
    const video = tracks.find((track) => track.isVideoTrack());
    const starts: number[] = [];
    if (video !== undefined) {
      const packets = new EncodedPacketSink(video).packets(undefined, undefined, { metadataOnly: true });
      for await (const { timestamp } of packets) starts.push(timestamp);
    }
    return {
      tracks: await Promise.all(tracks.map(describe)),
      starts,
      duration: (await input.getDurationFromMetadata()) ?? (await input.computeDuration()),
    };
  } finally {
    input.dispose();
  }
}

async function describe(track: InputTrack): Promise<ProbedTrack> {
  const codec = (await track.getCodec()) ?? 'an unknown codec';
  const profile = (await track.getCodecParameterString()) ?? '';
  if (!track.isVideoTrack()) return { codec, profile };
  const { matrix } = await track.getColorSpace();
  const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
  return { codec, profile, width, height, ...(matrix && { matrix }) };
}
