import { execa } from 'execa';

const RATE = 48_000;
/** A sample as loud as this is neither what an encoder makes of silence nor what is quiet in a made soundtrack. */
const AUDIBLE = 0.1;

/** What is heard of a video's sound. */
export interface Heard {
  /** Seconds at which something is first heard; none in silence. */
  readonly onset: number | undefined;
  /** Root of the mean square of all samples of all channels, 1 being full scale. */
  readonly level: number;
}

/** Decodes the sound of a video, from where the file begins. */
export async function hear(path: string, ffmpeg: string): Promise<Heard> {
  const filter = `aresample=${RATE}:async=1:first_pts=0`;
  // Otherwise sound that begins late would be moved to the beginning.
  const args = ['-v', 'error', '-copyts', '-i', path, '-map', '0:a:0', '-af', filter];
  const { stdout } = await execa(ffmpeg, [...args, '-c:a', 'pcm_f32le', '-f', 'wav', '-'], {
    encoding: 'buffer',
  });
  const wav = Buffer.from(stdout);
  const channels = wav.readUInt16LE(wav.indexOf('fmt ') + 10);
  const data = Uint8Array.from(wav.subarray(wav.indexOf('data') + 8));
  return heard(new Float32Array(data.buffer), channels);
}

function heard(samples: Float32Array, channels: number): Heard {
  const first = samples.findIndex((sample) => Math.abs(sample) >= AUDIBLE);
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  return {
    onset: first === -1 ? undefined : Math.floor(first / channels) / RATE,
    level: Math.sqrt(power),
  };
}
