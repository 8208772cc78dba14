/** The codings of audio samples that Oven reads by itself. */
export type Coding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'alaw' | 'mulaw';

/** Reads the value at a byte: -1 to 1 for integers, any value for floats. */
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

/** G.711: a sign, an exponent of 3 bits and a mantissa of 4, which A-law and µ-law invert each in its own way. */
const ALAW = Float64Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const [exponent, mantissa] = [(code >> 4) & 7, (code & 15) * 2 + 1];
  const size = exponent === 0 ? mantissa : (mantissa + 32) << (exponent - 1);
  return ((code & 0x80 ? 1 : -1) * size) / 2 ** 12;
});
const MULAW = Float64Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const size = (((code & 15) * 2 + 33) << ((code >> 4) & 7)) - 33;
  // Adding 0 turns -0 into 0.
  return ((code & 0x80 ? -1 : 1) * size) / 2 ** 13 + 0;
});

/** The layout of interleaved audio samples. */
export interface Interleaved {
  readonly coding: Coding;
  readonly channels: number;
  readonly bigEndian: boolean;
}

/** Bytes of one audio sample of all channels. */
export function bytesPerSample({ coding, channels }: Interleaved): number {
  return CODINGS[coding].bytes * channels;
}

/** The same bytes in pieces of whole samples of `size` bytes. An incomplete sample at the end is dropped. */
export async function* wholeSamples(pieces: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % size);
    rest = bytes.subarray(whole);
    if (whole > 0) yield bytes.subarray(0, whole);
  }
}

/** The values of whole samples, interleaved, and the number of those that were no numbers and became 0. Pure. */
export function readValues(
  bytes: Buffer,
  { coding, bigEndian }: Interleaved,
): { values: Float32Array; notNumbers: number } {
  // Every recorder writes this coding, and this way takes half the time.
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
  // A copy, since the bytes may begin at an odd address.
  const shorts = new Int16Array(new Uint8Array(bytes).buffer);
  const values = new Float32Array(shorts.length);
  for (let n = 0; n < shorts.length; n++) values[n] = shorts[n]! / 2 ** 15;
  return values;
}

/** The parts of a channel that go to the left and to the right. */
type Gains = readonly [left: number, right: number];

const HALF_POWER = Math.SQRT1_2;
const LEFT: Gains = [1, 0];
const RIGHT: Gains = [0, 1];
const FAR_LEFT: Gains = [HALF_POWER, 0];
const FAR_RIGHT: Gains = [0, HALF_POWER];
const CENTRE: Gains = [HALF_POWER, HALF_POWER];
const FAR_CENTRE: Gains = [0.5, 0.5];
const SILENT: Gains = [0, 0];

/** The gains of ITU-R BS.775 for each place that a WAV file can name, in the order of its bits. It leaves out the low-frequency effects (LFE). */
const PLACES: readonly Gains[] = [
  LEFT, // front left
  RIGHT,
  CENTRE,
  SILENT, // LFE
  FAR_LEFT, // back left
  FAR_RIGHT,
  LEFT, // between front left and centre
  RIGHT,
  FAR_CENTRE, // back centre
  FAR_LEFT, // side left
  FAR_RIGHT,
  FAR_CENTRE, // above
  FAR_LEFT, // above front left
  FAR_CENTRE,
  FAR_RIGHT,
  FAR_LEFT, // above back left
  FAR_CENTRE,
  FAR_RIGHT,
];

/** The places of channels in a file that names none, by the number of channels. */
const USUAL_PLACES: Readonly<Record<number, number>> = {
  3: 0x7, // left, right, centre
  4: 0x33, // two in front, two behind
  5: 0x607, // 5.0
  6: 0x60f, // 5.1
  7: 0x70f, // 6.1
  8: 0x63f, // 7.1
};

/** The gains of more than two channels in stereo. `places` has a bit for each channel; otherwise it is wrong, and is ignored. Pure. */
export function stereoGains(channels: number, places: number): readonly Gains[] {
  const gains = gainsOf(places);
  if (gains.length === channels) return gains;
  const usual = gainsOf(USUAL_PLACES[channels] ?? 0);
  return usual.length === channels ? usual : new Array<Gains>(channels).fill(CENTRE);
}

function gainsOf(places: number): Gains[] {
  return PLACES.filter((_, bit) => places & (1 << bit));
}

/** Mixes interleaved values of `gains.length` channels to interleaved stereo, which may exceed ±1. Pure. */
export function mixToStereo(values: Float32Array, gains: readonly Gains[]): Float32Array {
  const stereo = new Float32Array((values.length / gains.length) * 2);
  for (let n = 0, at = 0; n < stereo.length; n += 2) {
    let [left, right] = [0, 0];
    for (const [toLeft, toRight] of gains) {
      const value = values[at++]!;
      left += value * toLeft;
      right += value * toRight;
    }
    stereo[n] = left;
    stereo[n + 1] = right;
  }
  return stereo;
}
