/** The chunk `fmt ` of a WAV file: how it is sampled. */
export interface WavFormat {
  /** The registered number of the coding; of an extensible format, the one that it stands for. */
  readonly tag: number;
  readonly channels: number;
  /** Samples a second, of each channel. */
  readonly sampleRate: number;
  readonly bytesPerSecond: number;
  /** Bytes of one sample of all channels, or of one block of a compressed coding. */
  readonly blockAlign: number;
  readonly bits: number;
  /** A bit for each channel's place, from front left; 0 when the places are not told. */
  readonly places: number;
  readonly bigEndian: boolean;
  /** The chunk, its first 18 bytes in little-endian order. */
  readonly chunk: Buffer;
}

/** How plain samples are written: what Oven reads by itself. */
export type Coding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'mulaw';

/** What is done with samples: read as they are, or decoded by ffmpeg first. */
export type Way =
  | { readonly way: 'plain'; readonly coding: Coding }
  | { readonly way: 'compressed' }
  | { readonly way: 'none'; readonly reason: string };

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
/** An answering machine's ADPCM, which ffmpeg takes for AMR, and turns into noise. */
const MISTAKEN = 0x38;
const EXTENSIBLE = 0xfffe;
const INTEGERS: readonly (Coding | undefined)[] = [undefined, 'u8', 's16', 's24', 's32'];
const MOST_CHANNELS = 64;
const LOWEST_RATE = 1_000;
const HIGHEST_RATE = 768_000;

/** Reads the chunk `fmt `; undefined when it is too short to be one. */
export function parseFormat(bytes: Buffer, bigEndian: boolean): WavFormat | undefined {
  if (bytes.length < 14) return undefined;
  // The oldest form ends before the bits.
  const chunk = Buffer.alloc(Math.max(18, bytes.length));
  bytes.copy(chunk);
  if (bigEndian) {
    chunk.subarray(0, 4).swap16();
    chunk.subarray(4, 12).swap32();
    chunk.subarray(12, 18).swap16();
  }
  const tag = chunk.readUInt16LE(0);
  const extensible = tag === EXTENSIBLE && bytes.length >= 26;
  return {
    tag: extensible ? standsFor(bytes, bigEndian) : tag,
    channels: chunk.readUInt16LE(2),
    sampleRate: chunk.readUInt32LE(4),
    bytesPerSecond: chunk.readUInt32LE(8),
    blockAlign: chunk.readUInt16LE(12),
    bits: chunk.readUInt16LE(14),
    places: extensible ? (bigEndian ? bytes.readUInt32BE(20) : bytes.readUInt32LE(20)) : 0,
    bigEndian,
    chunk,
  };
}

/** The coding that an extensible format stands for: the first 32 bits of its GUID, of which some writers turn only 16 around. */
function standsFor(bytes: Buffer, bigEndian: boolean): number {
  if (bytes.length < 28) return bigEndian ? bytes.readUInt16BE(24) : bytes.readUInt16LE(24);
  if (!bigEndian) return bytes.readUInt32LE(24);
  return bytes.readUInt16BE(24) || bytes.readUInt16BE(26);
}

/** What is to be done with samples of a format, by what it says of itself where that agrees, and by its bits where it does not. */
export function wayOf(format: WavFormat): Way {
  const { tag, channels, sampleRate } = format;
  if (channels < 1 || channels > MOST_CHANNELS) {
    return { way: 'none', reason: `has ${channels} channels; 1 to ${MOST_CHANNELS} are read` };
  }
  if (sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE) {
    const range = `${LOWEST_RATE} to ${HIGHEST_RATE}`;
    return { way: 'none', reason: `has ${sampleRate} samples a second; ${range} are read` };
  }
  if (tag === MISTAKEN) return { way: 'none', reason: `is of format ${tag}, which is not read` };
  const coding = codingOf(tag, bytesPerValue(format), format);
  return coding ? { way: 'plain', coding } : { way: 'compressed' };
}

function codingOf(tag: number, bytes: number, { bits, chunk }: WavFormat): Coding | undefined {
  switch (tag) {
    case PCM:
      // Samples of 24 bits in 4 bytes, and of 32 with an extra word: an old editor's floats, which ffmpeg knows.
      if (chunk.readUInt16LE(0) === PCM && bytes === 4 && (bits === 24 || chunk.length >= 20))
        return undefined;
      return INTEGERS[bytes];
    case FLOAT:
      return bytes === 4 ? 'f32' : bytes === 8 ? 'f64' : undefined;
    case ALAW:
      return 'alaw';
    case MULAW:
      return 'mulaw';
    default:
      return undefined;
  }
}

/**
 * Bytes of one channel's sample: as many as hold its bits. Those of 20 or 24 bits may lie in 4 bytes, on the side of the highest,
 * which is believed when both other figures say so.
 */
function bytesPerValue({ bits, channels, sampleRate, bytesPerSecond, blockAlign }: WavFormat): number {
  const needed = Math.ceil(bits / 8);
  const told = blockAlign / channels;
  if (bits === 0) return told;
  return needed === 3 && told === 4 && bytesPerSecond === blockAlign * sampleRate ? told : needed;
}
