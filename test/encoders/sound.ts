import { execa } from 'execa';

const RATE = 48_000;
/** The level from which a sample is heard: above an encoder's silence, and above the quiet parts of a made soundtrack. */
const AUDIBLE = 0.1;

/** The sound of a video as it is heard. */
export interface Heard {
  /** Seconds at which sound is first heard; undefined in silence. */
  readonly onset: number | undefined;
  /** Root of the mean square of all samples of all channels, 1 being full scale. */
  readonly level: number;
}

/** Decodes the sound of a video from the start of the file. */
export async function hear(path: string, ffmpeg: string): Promise<Heard> {
  const filter = `aresample=${RATE}:async=1:first_pts=0`;
  // Otherwise ffmpeg moves sound that begins late to the beginning.
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
