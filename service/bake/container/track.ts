/** One packet of a track, in the order of decoding. */
export interface TimedPacket {
  readonly data: Uint8Array;
  /** Whether decoding can begin with it. */
  readonly key: boolean;
  /** When what it holds begins, and ends, in seconds from the start of the video. Sound begins before it, by what its decoder needs. */
  readonly start: number;
  readonly end: number;
  /** Whether it is the last of its track. */
  readonly last: boolean;
}

/** The pictures as they come from the encoder. */
export interface PictureTrack {
  /** For H.264, its AVCDecoderConfigurationRecord. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly packets: AsyncIterable<TimedPacket>;
}

/** The sound, encoded as a whole: a minute of it is 1 MB. */
export interface SoundTrack {
  /** For AAC its AudioSpecificConfig, and for Opus its identification header. */
  readonly description: Uint8Array<ArrayBuffer>;
  /** Samples a second. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly packets: readonly TimedPacket[];
  /** Seconds at the beginning that a decoder leaves out. */
  readonly delay: number;
  /** Seconds at the end of the last packet that a decoder leaves out. */
  readonly surplus: number;
}

/** Packets of both tracks, each sound before the picture that begins with it, so that a player has both when it needs them. */
export async function* interleave(
  pictures: AsyncIterable<TimedPacket>,
  sound: readonly TimedPacket[],
): AsyncGenerator<{ readonly of: 'pictures' | 'sound'; readonly packet: TimedPacket }> {
  let next = 0;
  for await (const packet of pictures) {
    for (; next < sound.length && Math.max(0, sound[next]!.start) < packet.start; next++) {
      yield { of: 'sound', packet: sound[next]! };
    }
    yield { of: 'pictures', packet };
  }
  for (const packet of sound.slice(next)) yield { of: 'sound', packet };
}
