/** How the samples of a WAV file are written, in ffmpeg's names. */
export type SampleFormat = 's16le' | 's24le' | 's32le' | 'f32le';

/** What the header of soundtrack.wav tells, corrected to what the file holds. */
export interface SoundHeader {
  readonly format: SampleFormat;
  /** Samples a second, of each channel. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Where the samples begin, in bytes from the start of the file. */
  readonly dataOffset: number;
  /** Bytes of samples that are there: whole ones, of all channels. */
  readonly dataBytes: number;
  readonly seconds: number;
}

/** The header, or why there is none: `reason` completes "soundtrack.wav …". */
export type SoundResult = { readonly header: SoundHeader } | { readonly reason: string };

/** Where the samples begin as a rule; longer headers hold other chunks first. */
export const SOUND_HEAD_BYTES = 44;

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const FORMATS: Readonly<Record<string, SampleFormat>> = {
  [`${PCM}/16`]: 's16le',
  [`${PCM}/24`]: 's24le',
  [`${PCM}/32`]: 's32le',
  [`${FLOAT}/32`]: 'f32le',
};
const MOST_CHANNELS = 8;
const LOWEST_RATE = 8_000;
const HIGHEST_RATE = 192_000;

/**
 * Reads a WAV header from `head`, the first bytes of a file of `fileBytes`. Sizes it gives are not believed: samples end
 * where the file ends, and a length of 0, which a recorder writes before it knows better, means all the rest.
 */
export function parseSound(head: Buffer, fileBytes: number): SoundResult {
  if (head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WAVE') {
    return { reason: 'is not a WAV file' };
  }
  let format: Format | undefined;
  for (let at = 12; at + 8 <= head.length; ) {
    const id = head.toString('latin1', at, at + 4);
    const length = head.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === 'fmt ') format = readFormat(head.subarray(start, start + length));
    if (id === 'data') {
      if (!format) return { reason: 'does not say how it is sampled before the samples' };
      return withSamples(format, start, length, fileBytes);
    }
    at = start + length + (length % 2);
  }
  return { reason: 'has no samples' };
}

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes of one sample of all channels. */
  readonly blockAlign: number;
  readonly bits: number;
}

function readFormat(chunk: Buffer): Format | undefined {
  if (chunk.length < 16) return undefined;
  const tag = chunk.readUInt16LE(0);
  return {
    // WAVE_FORMAT_EXTENSIBLE: the real one is the start of the sub-format's GUID.
    tag: tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag,
    channels: chunk.readUInt16LE(2),
    sampleRate: chunk.readUInt32LE(4),
    blockAlign: chunk.readUInt16LE(12),
    bits: chunk.readUInt16LE(14),
  };
}

function withSamples(format: Format, start: number, length: number, fileBytes: number): SoundResult {
  const { tag, channels, sampleRate, blockAlign, bits } = format;
  const name = FORMATS[`${tag}/${bits}`];
  if (!name) return { reason: `has samples of format ${tag} with ${bits} bits, which is not read` };
  if (channels < 1 || channels > MOST_CHANNELS) {
    return { reason: `has ${channels} channels; 1 to ${MOST_CHANNELS} are read` };
  }
  if (sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE) {
    return { reason: `has ${sampleRate} samples a second; ${LOWEST_RATE} to ${HIGHEST_RATE} are read` };
  }
  if (blockAlign !== (channels * bits) / 8) {
    return { reason: `has samples of ${blockAlign} bytes; ${(channels * bits) / 8} were expected` };
  }
  const there = Math.max(0, fileBytes - start);
  const claimed = length === 0 ? there : Math.min(length, there);
  const samples = Math.floor(claimed / blockAlign);
  if (samples === 0) return { reason: 'has no samples' };
  const dataBytes = samples * blockAlign;
  const seconds = samples / sampleRate;
  return { header: { format: name, sampleRate, channels, dataOffset: start, dataBytes, seconds } };
}
