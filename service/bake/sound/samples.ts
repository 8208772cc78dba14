import type { Coding } from './format.ts';

/** Reads one value at a byte: -1 to 1, or for floats whatever is there. */
type Read = (view: DataView, at: number, littleEndian: boolean) => number;

const CODINGS: Readonly<Record<Coding, { readonly bytes: number; readonly read: Read }>> = {
  u8: { bytes: 1, read: (view, at) => (view.getUint8(at) - 128) / 2 ** 7 },
  s16: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) / 2 ** 15 },
  s24: {
    bytes: 3,
    read: (view, at, little) =>
      (view.getInt16(little ? at + 1 : at, little) * 256 + view.getUint8(little ? at : at + 2)) / 2 ** 23,
  },
  s32: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) / 2 ** 31 },
  f32: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  alaw: { bytes: 1, read: (view, at) => ALAW[view.getUint8(at)]! },
  mulaw: { bytes: 1, read: (view, at) => MULAW[view.getUint8(at)]! },
};

/** G.711: sign, exponent of 3 bits and mantissa of 4, each in its way disguised. */
const ALAW = Float64Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const [exponent, mantissa] = [(code >> 4) & 7, (code & 15) * 2 + 1];
  const size = exponent === 0 ? mantissa : (mantissa + 32) << (exponent - 1);
  return ((code & 0x80 ? 1 : -1) * size) / 2 ** 12;
});
const MULAW = Float64Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const size = (((code & 15) * 2 + 33) << ((code >> 4) & 7)) - 33;
  // Its two zeros are the same.
  return ((code & 0x80 ? -1 : 1) * size) / 2 ** 13 + 0;
});

/** How interleaved samples lie in bytes. */
export interface Interleaved {
  readonly coding: Coding;
  readonly channels: number;
  readonly bigEndian: boolean;
}

/** Bytes of one sample of all channels. */
export function bytesPerSample({ coding, channels }: Interleaved): number {
  return CODINGS[coding].bytes * channels;
}

/** The same bytes in pieces that hold whole samples of `size` bytes; what is left of one at the end is dropped. */
export async function* wholeSamples(pieces: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % size);
    rest = bytes.subarray(whole);
    if (whole > 0) yield bytes.subarray(0, whole);
  }
}

/** The values of whole samples, interleaved, and how many of them were no numbers and became 0. Pure. */
export function readValues(
  bytes: Buffer,
  { coding, bigEndian }: Interleaved,
): { values: Float32Array; notNumbers: number } {
  // What every recorder writes, in half the time.
  if (coding === 's16' && !bigEndian) return { values: readShorts(bytes), notNumbers: 0 };
  const { bytes: size, read } = CODINGS[coding];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float32Array(bytes.length / size);
  let notNumbers = 0;
  for (let n = 0; n < values.length; n++) {
    const value = read(view, n * size, !bigEndian);
    if (Number.isFinite(value)) values[n] = value;
    else notNumbers++;
  }
  return { values, notNumbers };
}

function readShorts(bytes: Buffer): Float32Array {
  // Copied, since the bytes may begin at an odd place.
  const shorts = new Int16Array(new Uint8Array(bytes).buffer);
  const values = new Float32Array(shorts.length);
  for (let n = 0; n < shorts.length; n++) values[n] = shorts[n]! / 2 ** 15;
  return values;
}
