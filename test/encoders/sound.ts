import { execa } from 'execa';

const RATE = 48_000;
/** A sample as loud as this is no longer what an encoder makes of silence. */
const AUDIBLE = 0.02;

/** What is heard of a file's sound. */
export interface Heard {
  /** Seconds at which something is first heard; none in silence. */
  readonly onset: number | undefined;
  /** Root of the mean square of all samples, 1 being full scale. */
  readonly level: number;
  readonly seconds: number;
}

/** Decodes the sound of a video or of a WAV, from where the file begins. */
export async function hear(path: string, ffmpeg: string): Promise<Heard> {
  const filter = `aresample=${RATE}:async=1:first_pts=0`;
  // Otherwise sound that begins late would be moved to the beginning.
  const args = ['-v', 'error', '-copyts', '-i', path, '-map', '0:a:0', '-af', filter];
  const { stdout } = await execa(ffmpeg, [...args, '-ac', '1', '-f', 'f32le', '-'], { encoding: 'buffer' });
  return heard(new Float32Array(Uint8Array.from(stdout).buffer));
}

function heard(samples: Float32Array): Heard {
  // What is no number sounds like nothing.
  const known = samples.map((sample) => (Number.isFinite(sample) ? sample : 0));
  const first = known.findIndex((sample) => Math.abs(sample) >= AUDIBLE);
  const power = known.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, known.length);
  return {
    onset: first === -1 ? undefined : first / RATE,
    level: Math.sqrt(power),
    seconds: known.length / RATE,
  };
}
