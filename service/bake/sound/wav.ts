import { parseFormat, type WavFormat } from './format.ts';
import type { PullReader } from './pull.ts';

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
export async function readWav(bytes: PullReader): Promise<Wav | Unreadable> {
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
  bytes: PullReader,
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
async function skipPadding(bytes: PullReader, length: number, { alignment }: Layout): Promise<void> {
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
