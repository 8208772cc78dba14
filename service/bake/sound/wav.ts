import type { Coding } from './audio-samples.ts';
import type { StreamReader } from './stream.ts';

/** A WAV file that is read up to its audio samples. */
export interface Wav {
  readonly format: WavFormat;
  /** Bytes of the samples, to their end or the file's. They can be read once. */
  readonly samples: AsyncIterable<Buffer>;
}

/** Why a sound is not read. The reason continues the sentence "soundtrack.wav …". */
export interface Unreadable {
  readonly reason: string;
}

/** The layout of a kind of WAV file. */
interface Layout {
  readonly bigEndian: boolean;
  /** Bytes of a chunk's ID, whose first four are its name, and of its length. */
  readonly idBytes: number;
  readonly lengthBytes: 4 | 8;
  /** Whether a chunk's length includes its head. */
  readonly countsHead: boolean;
  /** Chunks begin at multiples of this. */
  readonly alignment: 2 | 8;
}

const RIFF: Layout = { bigEndian: false, idBytes: 4, lengthBytes: 4, countsHead: false, alignment: 2 };
/** Layouts by the first four bytes. RF64 and BW64 are RIFF with lengths of 64 bits in a chunk `ds64`; `riff` is W64, Sony's. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  RIFF,
  RF64: RIFF,
  BW64: RIFF,
  RIFX: { ...RIFF, bigEndian: true },
  riff: { bigEndian: false, idBytes: 16, lengthBytes: 8, countsHead: true, alignment: 8 },
};

/** Names of chunks in WAV files. They tell whether an odd chunk before them is padded. */
const KNOWN_CHUNKS = new Set(
  'data,fmt ,fact,LIST,list,bext,JUNK,junk,cue ,PEAK,smpl,inst,ds64,id3 ,ID3 ,iXML,PAD ,FLLR,axml,chna,cart,acid,DISP,plst,afsp,umid,minf,elm1,regn,levl,_PMX,wavl,slnt,LGWV,ICOP'.split(
    ',',
  ),
);

/** Files have a dozen chunks. A file with more than this is an attempt to keep Oven busy. */
const MAX_CHUNKS = 1000;
/** Bytes of the chunk `fmt ` that are read. The longest known one has some hundred. */
const MAX_FORMAT_BYTES = 4096;
const UNKNOWN_LENGTH = 0xffffffff;

export const NO_SAMPLES: Unreadable = { reason: 'has no samples' };

/**
 * Walks a WAV file's chunks to its samples. A length of samples of 0 or -1 means the rest of the file: a recorder writes it first, and
 * may not get to correct it. A length beyond the file's end means up to the end.
 */
export async function readWav(bytes: StreamReader): Promise<Wav | Unreadable> {
  const layout = LAYOUTS[(await bytes.peek(4)).toString('latin1')];
  if (!layout) return { reason: 'is not a WAV file' };
  await bytes.skip(layout.idBytes + layout.lengthBytes);
  const form = (await bytes.read(layout.idBytes)).toString('latin1', 0, 4);
  if (form.toLowerCase() !== 'wave') return { reason: 'is not a WAV file' };
  let format: WavFormat | undefined;
  let longLength = 0;
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const chunk = await readChunkHead(bytes, layout);
    if (!chunk) return NO_SAMPLES;
    if (chunk.id === 'data') {
      if (!format) return { reason: 'does not say how it is sampled before the samples' };
      const length = chunk.length === UNKNOWN_LENGTH ? longLength : chunk.length;
      if (length === 0 && isChunkName(await bytes.peek(4))) return NO_SAMPLES;
      return { format, samples: bytes.take(length || Number.POSITIVE_INFINITY) };
    }
    const start = await bytes.read(Math.min(chunk.length, MAX_FORMAT_BYTES));
    if (chunk.id === 'fmt ') format = parseFormat(start, layout.bigEndian);
    if (chunk.id === 'ds64' && start.length >= 16) longLength = Number(start.readBigUInt64LE(8));
    await bytes.skip(chunk.length - start.length);
    await skipPadding(bytes, chunk.length, layout);
  }
  return { reason: `has more than ${MAX_CHUNKS} chunks before its samples` };
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

/** Skips the padding of an odd chunk, if it is there: some writers leave it out, and the next bytes tell. */
async function skipPadding(bytes: StreamReader, length: number, { alignment }: Layout): Promise<void> {
  const padding = (alignment - (length % alignment)) % alignment;
  if (alignment === 2 && padding === 1) {
    const next = await bytes.peek(5);
    if (!isChunkName(next.subarray(1)) && (isChunkName(next) || (next[0] !== 0 && isPrintable(next)))) return;
  }
  await bytes.skip(padding);
}

function isChunkName(bytes: Buffer): boolean {
  return KNOWN_CHUNKS.has(bytes.toString('latin1', 0, 4));
}

function isPrintable(bytes: Buffer): boolean {
  return /^[\x20-\x7e]{4}/.test(bytes.toString('latin1', 0, 4));
}

/** The chunk `fmt ` of a WAV file. */
export interface WavFormat {
  /** The registered number of the coding; for an extensible format, that of the coding inside. */
  readonly tag: number;
  readonly channels: number;
  /** Audio samples a second, of each channel. */
  readonly sampleRate: number;
  readonly bytesPerSecond: number;
  /** Bytes of one audio sample of all channels, or of one block of a compressed coding. */
  readonly blockAlign: number;
  readonly bits: number;
  /** A bit for each channel's place, from front left; 0 where the file names no places. */
  readonly places: number;
  readonly bigEndian: boolean;
  /** The chunk, its first 18 bytes in little-endian order. */
  readonly chunk: Buffer;
}

/** How samples are read: as they are, after ffmpeg has decoded them, or not at all. */
export type SampleAccess =
  | { readonly access: 'plain'; readonly coding: Coding }
  | { readonly access: 'decoded' }
  | { readonly access: 'none'; readonly reason: string };

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const MULAW = 7;
/** The ADPCM of an answering machine. ffmpeg takes it for AMR, and turns it into noise. */
const ANSWERING_MACHINE = 0x38;
const EXTENSIBLE = 0xfffe;
const INTEGERS: readonly (Coding | undefined)[] = [undefined, 'u8', 's16', 's24', 's32'];
const MAX_CHANNELS = 64;
const LOWEST_RATE = 1_000;
const HIGHEST_RATE = 768_000;

/** Reads the chunk `fmt `; undefined where it is too short. Pure. */
export function parseFormat(bytes: Buffer, bigEndian: boolean): WavFormat | undefined {
  if (bytes.length < 14) return undefined;
  // The oldest form ends before `bits`.
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
    tag: extensible ? extensibleTag(bytes, bigEndian) : tag,
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

/** The coding inside an extensible format: the first 32 bits of its GUID. Some big-endian writers swap only 16 of them. */
function extensibleTag(bytes: Buffer, bigEndian: boolean): number {
  if (bytes.length < 28) return bigEndian ? bytes.readUInt16BE(24) : bytes.readUInt16LE(24);
  if (!bigEndian) return bytes.readUInt32LE(24);
  return bytes.readUInt16BE(24) || bytes.readUInt16BE(26);
}

/** How samples of a format are read: by its own figures where they agree, otherwise by its bits. Pure. */
export function sampleAccess(format: WavFormat): SampleAccess {
  const { tag, channels, sampleRate } = format;
  if (channels < 1 || channels > MAX_CHANNELS) {
    return { access: 'none', reason: `has ${channels} channels; 1 to ${MAX_CHANNELS} are read` };
  }
  if (sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE) {
    const range = `${LOWEST_RATE} to ${HIGHEST_RATE}`;
    return { access: 'none', reason: `has ${sampleRate} samples a second; ${range} are read` };
  }
  if (tag === ANSWERING_MACHINE) return { access: 'none', reason: `is of format ${tag}, which is not read` };
  const coding = codingOf(tag, bytesPerValue(format), format);
  return coding ? { access: 'plain', coding } : { access: 'decoded' };
}

function codingOf(tag: number, bytes: number, { bits, chunk }: WavFormat): Coding | undefined {
  switch (tag) {
    case PCM:
      // 24 bits in 4 bytes, or 32 bits with an extra word, are an old editor's floats, which ffmpeg knows.
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
 * Bytes of one channel's sample: as many as its bits need. 20 or 24 bits may lie in the upper part of 4 bytes, if both other figures
 * say so.
 */
function bytesPerValue({ bits, channels, sampleRate, bytesPerSecond, blockAlign }: WavFormat): number {
  const needed = Math.ceil(bits / 8);
  const told = blockAlign / channels;
  if (bits === 0) return told;
  return needed === 3 && told === 4 && bytesPerSecond === blockAlign * sampleRate ? told : needed;
}
