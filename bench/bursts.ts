import { BURST, SAMPLE_RATE } from '../test/tapes/sound.ts';

/** Bursts are half a second apart, so that two peaks nearer than this are one burst, in samples. */
const APART = SAMPLE_RATE / 10;

/**
 * Finds where the bursts of the tape maker's soundtrack begin, in seconds, in mono samples at 48 kHz. What a window as
 * long as a burst holds of its pitch rises and falls evenly around the place where both coincide: the middle
 * between the points of half height is the time, exact to a small part of a ms even after lossy coding.
 */
export function findBursts(samples: Float32Array): number[] {
  const strength = pitchStrength(samples);
  const half = strength.reduce((peak, value) => Math.max(peak, value), 0) / 2;
  if (half === 0) return [];
  const times: number[] = [];
  for (let n = 0; n < strength.length; n++) {
    if (strength[n]! < half) continue;
    const rise = n;
    // Passes over dips: the burst ends where nothing is above half for a while.
    let fall = n;
    for (; n < strength.length && n - fall < APART; n++) if (strength[n]! >= half) fall = n;
    times.push((rise + fall) / 2 / SAMPLE_RATE);
  }
  return times;
}

/** For each sample, how much of the bursts' pitch there is in the window that begins there. */
function pitchStrength(samples: Float32Array): Float64Array {
  const window = BURST.seconds * SAMPLE_RATE;
  const step = (2 * Math.PI * BURST.hertz) / SAMPLE_RATE;
  const strength = new Float64Array(samples.length);
  let real = 0;
  let imaginary = 0;
  for (let n = 0; n < samples.length + window; n++) {
    // The window is whole periods long, so that what leaves it is turned by the same angle as when it came.
    const difference = (samples[n] ?? 0) - (samples[n - window] ?? 0);
    real += difference * Math.cos(n * step);
    imaginary += difference * Math.sin(n * step);
    if (n >= window - 1) strength[n - window + 1] = Math.hypot(real, imaginary);
  }
  return strength;
}
