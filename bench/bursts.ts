import { BURST, SAMPLE_RATE } from '../test/tapes/sound.ts';

/** Two peaks that are nearer than this, in audio samples, are one burst, since bursts are half a second apart. */
const APART = SAMPLE_RATE / 10;

/**
 * Finds the starts of the bursts of the tape maker's soundtrack, in seconds, in mono samples at 48 kHz. The strength of the pitch in a
 * window as long as a burst rises and falls evenly around the place where window and burst coincide. The middle between the points of
 * half height is the start, exact to a small part of a ms even after lossy coding.
 */
export function findBursts(samples: Float32Array): number[] {
  const strength = pitchStrength(samples);
  const half = strength.reduce((peak, value) => Math.max(peak, value), 0) / 2;
  if (half === 0) return [];
  const times: number[] = [];
  for (let n = 0; n < strength.length; n++) {
    if (strength[n]! < half) continue;
    const rise = n;
    // A burst ends where the strength stays below half for a while. Short dips do not end it.
    let fall = n;
    for (; n < strength.length && n - fall < APART; n++) if (strength[n]! >= half) fall = n;
    times.push((rise + fall) / 2 / SAMPLE_RATE);
  }
  return times;
}

/** The strength of the bursts' pitch in the window that begins at each sample. */
function pitchStrength(samples: Float32Array): Float64Array {
  const window = BURST.seconds * SAMPLE_RATE;
  const step = (2 * Math.PI * BURST.hertz) / SAMPLE_RATE;
  const strength = new Float64Array(samples.length);
  let real = 0;
  let imaginary = 0;
  for (let n = 0; n < samples.length + window; n++) {
    // The window is a whole number of periods long, so a sample leaves it at the angle at which it came.
    const difference = (samples[n] ?? 0) - (samples[n - window] ?? 0);
    real += difference * Math.cos(n * step);
    imaginary += difference * Math.sin(n * step);
    if (n >= window - 1) strength[n - window + 1] = Math.hypot(real, imaginary);
  }
  return strength;
}
