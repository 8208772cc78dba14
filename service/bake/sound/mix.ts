/** What of a channel goes to the left and to the right. */
type Gains = readonly [left: number, right: number];

const HALF_POWER = Math.SQRT1_2;
const LEFT: Gains = [1, 0];
const RIGHT: Gains = [0, 1];
const FAR_LEFT: Gains = [HALF_POWER, 0];
const FAR_RIGHT: Gains = [0, HALF_POWER];
const CENTRE: Gains = [HALF_POWER, HALF_POWER];
const FAR_CENTRE: Gains = [0.5, 0.5];
const LEFT_OUT: Gains = [0, 0];

/** ITU-R BS.775 for each place that a WAV file can name, in the order of its bits; the deep effects (LFE) are left out, as it does. */
const PLACES: readonly Gains[] = [
  LEFT, // front left
  RIGHT,
  CENTRE,
  LEFT_OUT, // LFE
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

/** Where channels are that do not say so, by their number. */
const USUAL_PLACES: Readonly<Record<number, number>> = {
  3: 0x7, // left, right, centre
  4: 0x33, // two in front, two behind
  5: 0x607, // 5.0
  6: 0x60f, // 5.1
  7: 0x70f, // 6.1
  8: 0x63f, // 7.1
};

/** How each of more than two channels is heard in stereo; `places` has a bit for each, or is not to be believed. */
export function stereoGains(channels: number, places: number): readonly Gains[] {
  const gains = gainsOf(places);
  if (gains.length === channels) return gains;
  const usual = gainsOf(USUAL_PLACES[channels] ?? 0);
  return usual.length === channels ? usual : new Array<Gains>(channels).fill(CENTRE);
}

function gainsOf(places: number): Gains[] {
  return PLACES.filter((_, bit) => places & (1 << bit));
}

/** Interleaved values of `gains.length` channels as interleaved stereo, which may exceed ±1. Pure. */
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
