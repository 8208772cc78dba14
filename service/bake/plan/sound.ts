import type { BakeWarning } from '../errors.ts';
import type { SoundHeader } from '../open/sound.ts';

/** How much of the sound goes into the video. */
export interface SoundPlan {
  /** Bytes of samples, from the first. */
  readonly bytes: number;
  readonly seconds: number;
  readonly warnings: readonly BakeWarning[];
}

/** Seconds by which the recorder's sound differs from the video as a rule: it starts late and ends on a block of 4096 samples. */
const USUAL_DIFFERENCE = 0.25;

/**
 * Sound begins with the video and is never stretched: what is beyond the video's end is cut to the sample, and where it
 * ends early there is silence. Only what is more than the recorder's usual difference is worth a warning.
 */
export function planSound(header: SoundHeader, videoSeconds: number): SoundPlan {
  const bytesPerSample = Math.round(header.dataBytes / (header.seconds * header.sampleRate));
  const fitting = Math.min(header.seconds, videoSeconds);
  const samples = Math.ceil(fitting * header.sampleRate - 1e-6);
  const difference = header.seconds - videoSeconds;
  return {
    bytes: Math.min(header.dataBytes, samples * bytesPerSample),
    seconds: Math.min(header.seconds, samples / header.sampleRate),
    warnings: Math.abs(difference) > USUAL_DIFFERENCE ? [differs(difference)] : [],
  };
}

function differs(difference: number): BakeWarning {
  const seconds = Math.abs(difference).toFixed(2);
  return difference > 0
    ? { code: 'SOUND_LONGER', message: `The sound is ${seconds} s longer than the video and was cut.` }
    : {
        code: 'SOUND_SHORTER',
        message: `The sound is ${seconds} s shorter than the video: it ends in silence.`,
      };
}
