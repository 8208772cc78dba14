import type { Coding } from './audio-samples.ts';
import type { StreamReader } from './stream.ts';

/** A WAV file up to its samples, which `samples` reads, once. */
export interface Wav {
  readonly format: WavFormat;
  /** Bytes of samples as the file has them, to their end or the file's. */
  readonly samples: AsyncIterable<Buffer>;
}

/** Why something is not read: completes "soundtrack.wav …". */
export interface Unreadable {
  readonly reason: string;
}

/** How a kind of WAV file is laid out. */
interface Layout {
  readonly bigEndian: boolean;
  /** Bytes of a chunk's name, of which the first four tell it, and of its length. */
  readonly idBytes: number;
  readonly lengthBytes: 4 | 8;
  /** Whether a chunk's length counts its own head. */
  readonly countsHead: boolean;
  /** Chunks begin at multiples of this. */
  readonly alignment: 2 | 8;
}

const RIFF: Layout = { bigEndian: false, idBytes: 4, lengthBytes: 4, countsHead: false, alignment: 2 };
/** By the first four bytes. RF64 and BW64 are RIFF with lengths of 64 bits in a chunk `ds64`; W64 is Sony's. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  RIFF,
  RF64: RIFF,
  BW64: RIFF,
  RIFX: { ...RIFF, bigEndian: true },
  riff: { bigEndian: false, idBytes: 16, lengthBytes: 8, countsHead: true, alignment: 8 },
};

/** Names of chunks that are met in WAV files: they tell whether an odd one before them was padded. */
const KNOWN_CHUNKS = new Set(
  'data,fmt ,fact,LIST,list,bext,JUNK,junk,cue ,PEAK,smpl,inst,ds64,id3 ,ID3 ,iXML,PAD ,FLLR,axml,chna,cart,acid,DISP,plst,afsp,umid,minf,elm1,regn,levl,_PMX,wavl,slnt,LGWV,ICOP'.split(
    ',',
  ),
);

/** Files have a dozen; more are an attempt to keep Oven busy. */
const MOST_CHUNKS = 1000;
/** The longest that is known has some hundred bytes. */
const FORMAT_BYTES = 4096;
const UNKNOWN_LENGTH = 0xffffffff;

export const NO_SAMPLES: Unreadable = { reason: 'has no samples' };

/**
 * Walks a WAV file's chunks to its samples. Lengths are not believed: a length of samples of 0 or -1, which a recorder
 * writes before it knows better, means all the rest, and one beyond the file's end means up to there.
 */
export async function readWav(bytes: StreamReader): Promise<Wav | Unreadable> {
  const layout = LAYOUTS[(await bytes.peek(4)).toString('latin1')];
  if (!layout) return { reason: 'is not a WAV file' };
  await bytes.skip(layout.idBytes + layout.lengthBytes);
  const form = (await bytes.read(layout.idBytes)).toString('latin1', 0, 4);
  if (form.toLowerCase() !== 'wave') return { reason: 'is not a WAV file' };
  let format: WavFormat | undefined;
  let longLength = 0;
  for (let count = 0; count < MOST_CHUNKS; count++) {
    const chunk = await readChunkHead(bytes, layout);
    if (!chunk) return NO_SAMPLES;
    if (chunk.id === 'data') {
      if (!format) return { reason: 'does not say how it is sampled before the samples' };
      const length = chunk.length === UNKNOWN_LENGTH ? longLength : chunk.length;
      if (length === 0 && isKnown(await bytes.peek(4))) return NO_SAMPLES;
      return { format, samples: bytes.take(length || Number.POSITIVE_INFINITY) };
    }
    const start = await bytes.read(Math.min(chunk.length, FORMAT_BYTES));
    if (chunk.id === 'fmt ') format = parseFormat(start, layout.bigEndian);
    if (chunk.id === 'ds64' && start.length >= 16) longLength = Number(start.readBigUInt64LE(8));
    await bytes.skip(chunk.length - start.length);
    await skipPadding(bytes, chunk.length, layout);
  }
  return { reason: `has more than ${MOST_CHUNKS} chunks before its samples` };
}

async function readChunkHead(
  bytes: StreamReader,
  { bigEndian, idBytes, lengthBytes, countsHead }: Layout,
): Promise<{ id: string; length: number } | undefined> {
  const head = await bytes.read(idBytes + lengthBytes);
  if (head.length < idBytes + lengthBytes) return undefined;
  const length =
    lengthBytes === 8
      ? Number(head.readBigUInt64LE(idBytes))
      : bigEndian
        ? head.readUInt32BE(idBytes)
        : head.readUInt32LE(idBytes);
  return {
    id: head.toString('latin1', 0, 4),
    length: countsHead ? Math.max(0, length - head.length) : length,
  };
}

/** Some writers leave out the byte that pads an odd chunk; what follows tells. */
async function skipPadding(bytes: StreamReader, length: number, { alignment }: Layout): Promise<void> {
  const padding = (alignment - (length % alignment)) % alignment;
  if (alignment === 2 && padding === 1) {
    const next = await bytes.peek(5);
    if (!isKnown(next.subarray(1)) && (isKnown(next) || (next[0] !== 0 && isName(next)))) return;
  }
  await bytes.skip(padding);
}

function isKnown(bytes: Buffer): boolean {
  return KNOWN_CHUNKS.has(bytes.toString('latin1', 0, 4));
}

function isName(bytes: Buffer): boolean {
  return /^[\x20-\x7e]{4}/.test(bytes.toString('latin1', 0, 4));
}

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

/** What is done with samples: read as they are, or decoded by ffmpeg first. */
export type SampleAccess =
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
export function sampleAccess(format: WavFormat): SampleAccess {
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
