import type { BakeWarning } from '../errors.ts';

/** Seconds by which the recorder's sound differs from the video as a rule: it starts late and ends on a block of 4096 samples. */
const USUAL_DIFFERENCE = 0.25;

/**
 * Samples of each channel that go into a video. Sound begins with the video and is never stretched: what is beyond the
 * video's end is cut to the sample, and where it ends early there is silence.
 */
export function samplesWanted(sampleRate: number, videoSeconds: number): number {
  return Math.ceil(videoSeconds * sampleRate - 1e-6);
}

/**
 * Samples a second in a finished video: what every player and encoder knows. Opus has 48 kHz inside, and delays sound of
 * other rates by another time.
 */
export function encodedRate(kind: 'mp4' | 'webm', sampleRate: number): number {
  return kind === 'mp4' && sampleRate === 44_100 ? 44_100 : 48_000;
}

/** What has to be said about a sound of another length: only what is more than the recorder's usual difference is worth a word. */
export function lengthWarnings(soundSeconds: number, videoSeconds: number): BakeWarning[] {
  const difference = soundSeconds - videoSeconds;
  if (Math.abs(difference) <= USUAL_DIFFERENCE) return [];
  const seconds = Math.abs(difference).toFixed(2);
  const [code, message] =
    difference > 0
      ? (['SOUND_LONGER', `The sound is ${seconds} s longer than the video and was cut.`] as const)
      : (['SOUND_SHORTER', `The sound is ${seconds} s shorter than the video: it ends in silence.`] as const);
  return [{ code, message }];
}
