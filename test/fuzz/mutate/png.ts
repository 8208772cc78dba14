import { deflateSync, inflateSync, constants as zlib } from 'node:zlib';
import { pngChunk } from '../../tapes/hostile/parts.ts';
import { pick, type Random } from '../../tapes/random.ts';
import { below, damage, oddInteger, oneIn } from './bytes.ts';

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

const SIGNATURE_BYTES = 8;

/** The chunks of a PNG, as far as they can be read. */
export function chunksOf(png: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE_BYTES; at + 12 <= png.length; ) {
    const end = at + 8 + png.readUInt32BE(at);
    if (end + 4 > png.length) break;
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, end) });
    at = end + 4;
  }
  return chunks;
}

/** A PNG of these chunks, with right lengths and checksums. */
export function pngOf(chunks: readonly Chunk[]): Buffer {
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, ...chunks.map(({ type, data }) => pngChunk(type, data))]);
}

/** The same pixels in other data, or other data of the same form. */
const PACKED: readonly ((random: Random, packed: Buffer) => Buffer)[] = [
  (random, packed) => deflateSync(inflateSync(packed), { level: below(random, 10) }),
  (_random, packed) => deflateSync(inflateSync(packed), { strategy: zlib.Z_FIXED, windowBits: 9 }),
  (random, packed) => {
    const rows = inflateSync(packed);
    rows[below(random, rows.length)] = oddInteger(random, 1);
    return deflateSync(rows);
  },
  (random, packed) => {
    const rows = inflateSync(packed);
    return deflateSync(rows.subarray(0, below(random, rows.length + 1)));
  },
  (random, packed) => deflateSync(Buffer.concat([inflateSync(packed), Buffer.alloc(below(random, 5000))])),
  (random, packed) => packed.subarray(0, packed.length - 1 - below(random, 5)),
  (random, packed) => Buffer.concat([packed, Buffer.alloc(1 + below(random, 40), 1)]),
  (random, packed) => damage(random, packed, packed),
];

/** Chunks that decoders trip over: they unpack, convert colours, turn, or animate. */
const EXTRAS: readonly ((random: Random) => Chunk)[] = [
  (random) => ({ type: 'tRNS', data: Buffer.alloc(pick(random, [0, 1, 2, 3, 6, 256]), below(random, 256)) }),
  (random) => ({ type: 'PLTE', data: Buffer.alloc(pick(random, [0, 1, 3, 768, 771]), below(random, 256)) }),
  (random) => ({
    type: pick(random, ['iCCP', 'zTXt', 'iTXt']),
    data: Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(below(random, 2 ** 22)))]),
  }),
  (random) => ({ type: 'tEXt', data: Buffer.alloc(below(random, 9000), 'words ') }),
  (random) => ({ type: 'gAMA', data: Buffer.alloc(4, oddInteger(random, 1)) }),
  (random) => ({ type: 'cHRM', data: Buffer.alloc(32, oddInteger(random, 1)) }),
  (random) => ({ type: 'sRGB', data: Buffer.alloc(1, below(random, 6)) }),
  (random) => ({ type: 'sBIT', data: Buffer.alloc(below(random, 6), below(random, 20)) }),
  (random) => ({ type: 'pHYs', data: Buffer.alloc(9, below(random, 256)) }),
  () => ({
    type: 'eXIf',
    data: Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0', 'latin1'),
  }),
  (random) => ({ type: 'acTL', data: Buffer.from([0, 0, 0, below(random, 9), 0, 0, 0, 0]) }),
  (random) => ({ type: 'fcTL', data: Buffer.alloc(26, below(random, 4)) }),
  (random) => ({ type: 'fdAT', data: Buffer.alloc(below(random, 99)) }),
  (random) => ({
    type: pick(random, ['IDAT', 'IEND', 'IHDR', 'ABCD', 'abCd', 'vpAg']),
    data: Buffer.alloc(13),
  }),
];

type Change = (random: Random, chunks: Chunk[], others: readonly Chunk[]) => Chunk[];

const CHANGES: readonly Change[] = [
  // A field of the header, within and beyond what there is.
  (random, [header, ...rest]) => {
    const data = Buffer.from(header?.data ?? []);
    if (data.length < 13) return rest;
    const field = pick(random, [0, 4, 8, 9, 10, 11, 12]);
    if (field < 8) data.writeUInt32BE(oddInteger(random, 4, data.readUInt32BE(field)), field);
    else data[field] = pick(random, [0, 1, 2, 3, 4, 6, 8, 16, 255]);
    return [{ type: 'IHDR', data }, ...rest];
  },
  (random, chunks) => chunks.toSpliced(below(random, chunks.length), 1),
  (random, chunks) => chunks.toSpliced(below(random, chunks.length), 0, pick(random, chunks)),
  (random, chunks, others) => chunks.toSpliced(below(random, chunks.length), 0, pick(random, others)),
  (random, chunks) => chunks.toSpliced(1 + below(random, chunks.length), 0, pick(random, EXTRAS)(random)),
  (random, chunks) => {
    const [one, other] = [below(random, chunks.length), below(random, chunks.length)];
    return chunks.with(one, chunks[other]!).with(other, chunks[one]!);
  },
  // The pixels in pieces, some of them empty.
  (random, chunks) =>
    chunks.flatMap((chunk) => {
      if (chunk.type !== 'IDAT') return [chunk];
      const at = below(random, chunk.data.length + 1);
      return [chunk.data.subarray(0, at), chunk.data.subarray(at)].map((data) => ({ type: 'IDAT', data }));
    }),
  (random, chunks) => {
    const at = chunks.findIndex(({ type }) => type === 'IDAT');
    const packed = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
    const others = chunks.filter(({ type }) => type !== 'IDAT');
    try {
      const data = pick(random, PACKED)(random, Buffer.concat(packed));
      return others.toSpliced(at, 0, { type: 'IDAT', data });
    } catch {
      return chunks; // the pixels were damaged before
    }
  },
  (random, chunks) => {
    const at = below(random, chunks.length);
    const { type, data } = chunks[at]!;
    return chunks.with(at, { type, data: damage(random, data, pick(random, chunks).data) });
  },
];

/** A PNG with changed chunks, whose checksums are right in most cases. */
export function mutatePng(random: Random, png: Buffer, other: Buffer): Buffer {
  let chunks = chunksOf(png);
  const others = chunksOf(other);
  for (let times = 1 + below(random, 3); times > 0; times--) {
    if (chunks.length > 0 && others.length > 0) chunks = pick(random, CHANGES)(random, chunks, others);
  }
  const changed = pngOf(chunks);
  return oneIn(random, 4) ? damage(random, changed, other) : changed;
}
