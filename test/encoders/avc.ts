/** The contents of an H.264 stream's sequence parameter set (ITU-T H.264, 7.3.2.1 and Annex E). */
export interface Sps {
  readonly profile: number;
  /** Ten times the level: 31 is 3.1. */
  readonly level: number;
  /** 1 is 4:2:0. */
  readonly chroma: number;
  readonly bits: number;
  readonly macroblocks: number;
  readonly widthInMacroblocks: number;
  readonly heightInMacroblocks: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  readonly references: number;
  readonly colour: Colour | undefined;
  /** Pictures a second, by the clock that it tells; undefined where it tells none. */
  readonly rate: number | undefined;
  /** Pictures that wait for others, and pictures that are kept at once, where it says so. */
  readonly reorder: number | undefined;
  readonly buffered: number | undefined;
}

export interface Colour {
  readonly full: boolean;
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/** Reads the parameter set, the byte of its NAL header first. */
export function readSps(nal: Buffer): Sps {
  const bits = new Bits(nal.subarray(1));
  const [profile, , level] = [bits.read(8), bits.read(8), bits.read(8)];
  bits.ue();
  const high = [100, 110, 122, 244, 44, 83, 86, 118, 128].includes(profile);
  const chroma = high ? bits.ue() : 1;
  const depth = high ? 8 + bits.ue() : 8;
  if (high) {
    bits.ue();
    bits.read(1);
    if (bits.read(1) === 1) throw new Error('the stream has scaling matrices');
  }
  bits.ue();
  const order = bits.ue();
  if (order === 0) bits.ue();
  if (order === 1) throw new Error('the stream counts its pictures in a way that is not read here');
  const references = bits.ue();
  bits.read(1);
  const widthInMacroblocks = bits.ue() + 1;
  const units = bits.ue() + 1;
  const frames = bits.read(1);
  if (frames === 0) bits.read(1);
  const heightInMacroblocks = units * (2 - frames);
  bits.read(1);
  const crop = bits.read(1) === 1 ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const vui = bits.read(1) === 1 ? readVui(bits) : {};
  return {
    profile,
    level,
    chroma,
    bits: depth,
    references,
    widthInMacroblocks,
    heightInMacroblocks,
    macroblocks: widthInMacroblocks * heightInMacroblocks,
    width: widthInMacroblocks * 16 - 2 * (crop[0]! + crop[1]!),
    height: heightInMacroblocks * 16 - 2 * (2 - frames) * (crop[2]! + crop[3]!),
    colour: undefined,
    rate: undefined,
    reorder: undefined,
    buffered: undefined,
    ...vui,
  };
}

function readVui(bits: Bits): Partial<Sps> {
  if (bits.read(1) === 1 && bits.read(8) === 255) bits.read(32);
  if (bits.read(1) === 1) bits.read(1);
  let colour: Colour | undefined;
  if (bits.read(1) === 1) {
    bits.read(3);
    const full = bits.read(1) === 1;
    const described = bits.read(1) === 1;
    const [primaries, transfer, matrix] = described ? [bits.read(8), bits.read(8), bits.read(8)] : [2, 2, 2];
    colour = { full, primaries: primaries!, transfer: transfer!, matrix: matrix! };
  }
  if (bits.read(1) === 1) {
    bits.ue();
    bits.ue();
  }
  let rate: number | undefined;
  if (bits.read(1) === 1) {
    const [tick, scale] = [bits.read(32), bits.read(32)];
    rate = scale / tick / 2;
    bits.read(1);
  }
  const [nal, vcl] = [hypothetical(bits), hypothetical(bits)];
  if (nal || vcl) bits.read(1);
  bits.read(1);
  if (bits.read(1) === 0) return { colour, rate };
  bits.read(1);
  for (let n = 0; n < 4; n += 1) bits.ue();
  return { colour, rate, reorder: bits.ue(), buffered: bits.ue() };
}

/** Skips the parameters of a hypothetical decoder, and tells whether there are any. */
function hypothetical(bits: Bits): boolean {
  if (bits.read(1) === 0) return false;
  const count = bits.ue() + 1;
  bits.read(8);
  for (let n = 0; n < count; n += 1) {
    bits.ue();
    bits.ue();
    bits.read(1);
  }
  bits.read(20);
  return true;
}

class Bits {
  #at = 0;
  readonly #bytes: Buffer;

  constructor(nal: Buffer) {
    // Bytes that only keep start codes from appearing.
    this.#bytes = Buffer.from(
      nal.filter((byte, n) => !(byte === 3 && n > 1 && nal[n - 1] === 0 && nal[n - 2] === 0)),
    );
  }

  read(count: number): number {
    let value = 0;
    for (let n = 0; n < count; n += 1, this.#at += 1) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined) throw new Error('the parameter set is cut off');
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** An unsigned Exp-Golomb code. */
  ue(): number {
    let zeros = 0;
    while (this.read(1) === 0) zeros += 1;
    return 2 ** zeros - 1 + this.read(zeros);
  }
}

/** Level × 10, macroblocks a second, macroblocks a picture, macroblocks of kept pictures, kbit/s (ITU-T H.264, table A-1). */
const LEVELS = [
  [10, 1_485, 99, 396, 64],
  [11, 3_000, 396, 900, 192],
  [12, 6_000, 396, 2_376, 384],
  [13, 11_880, 396, 2_376, 768],
  [20, 11_880, 396, 2_376, 2_000],
  [21, 19_800, 792, 4_752, 4_000],
  [22, 20_250, 1_620, 8_100, 4_000],
  [30, 40_500, 1_620, 8_100, 10_000],
  [31, 108_000, 3_600, 18_000, 14_000],
  [32, 216_000, 5_120, 20_480, 20_000],
  [40, 245_760, 8_192, 32_768, 20_000],
  [41, 245_760, 8_192, 32_768, 50_000],
  [42, 522_240, 8_704, 34_816, 50_000],
  [50, 589_824, 22_080, 110_400, 135_000],
  [51, 983_040, 36_864, 184_320, 240_000],
  [52, 2_073_600, 36_864, 184_320, 240_000],
  [60, 4_177_920, 139_264, 696_320, 240_000],
  [61, 8_355_840, 139_264, 696_320, 480_000],
  [62, 16_711_680, 139_264, 696_320, 800_000],
] as const;

/** The lowest level, × 10, that carries pictures of this size at `rate` a second, keeping `buffered` of them, at `kbits` kbit/s. */
export function lowestLevel(sps: Sps, rate: number, buffered: number, kbits = 0): number {
  const { macroblocks, widthInMacroblocks, heightInMacroblocks } = sps;
  const side = Math.max(widthInMacroblocks, heightInMacroblocks);
  const fits = LEVELS.find(
    ([, speed, size, kept, rateLimit]) =>
      macroblocks * rate <= speed &&
      macroblocks <= size &&
      side ** 2 <= 8 * size &&
      macroblocks * buffered <= kept &&
      // High profile may have a quarter more, whatever the level.
      kbits <= rateLimit * 1.25,
  );
  return fits?.[0] ?? Number.POSITIVE_INFINITY;
}
