import { seeded } from './random.ts';

/** Audio samples a second, the usual rate of the recorder's machines. */
export const SAMPLE_RATE = 48_000;
/** The recorder writes whole audio blocks, so the length is a multiple of these samples. */
export const BLOCK_SAMPLES = 4096;
/** Bytes of the WAV header before the first sample. */
export const WAV_HEADER_BYTES = 44;
/** A burst: a tone of this pitch (Hz) and length (seconds), far louder than the melody under it. */
export const BURST = { hertz: 1000, seconds: 0.01, level: 0.8 };

const notes = [220, 261.63, 293.66, 329.63, 392, 440];
const NOTE_SECONDS = 0.2;
const NOTE_LEVEL = 0.04;

/** The starts of the bursts of a soundtrack, in seconds: 0.25, 0.75, 1.25 … */
export function burstTimes(seconds: number): number[] {
  const count = Math.max(0, Math.floor((seconds - BURST.seconds - 0.25) * 2) + 1);
  return Array.from({ length: count }, (_, n) => 0.25 + n * 0.5);
}

/** The longest whole number of blocks that fits into `seconds`, in samples; one block at the least. */
export function blockAligned(seconds: number): number {
  return Math.max(1, Math.floor((seconds * SAMPLE_RATE) / BLOCK_SAMPLES)) * BLOCK_SAMPLES;
}

/** Packs interleaved stereo samples into a WAV file: PCM s16le behind a header of 44 bytes. */
export function encodeWav(interleaved: Int16Array, sampleRate = SAMPLE_RATE): Buffer {
  const bytes = interleaved.length * 2;
  const wav = Buffer.alloc(WAV_HEADER_BYTES + bytes);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + bytes, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(2, 22);
  wav.writeUInt32LE(sampleRate, 24);
  wav.writeUInt32LE(sampleRate * 4, 28);
  wav.writeUInt16LE(4, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(bytes, 40);
  for (let i = 0; i < interleaved.length; i++) wav.writeInt16LE(interleaved[i]!, WAV_HEADER_BYTES + i * 2);
  return wav;
}

/**
 * Makes a quiet seeded melody with the bursts of `burstTimes` over it, which tell the time of every part of the sound. Its length is the
 * whole number of blocks that fit into `seconds`.
 */
export function makeSound(seconds: number, seed = 1): Buffer {
  const random = seeded(seed);
  const samples = blockAligned(seconds);
  const stereo = new Int16Array(samples * 2);
  let hertz = 0;
  let phase = 0;
  const noteSamples = NOTE_SECONDS * SAMPLE_RATE;
  for (let i = 0; i < samples; i++) {
    if (i % noteSamples === 0) hertz = notes[Math.floor(random() * notes.length)]!;
    phase += (hertz * Math.PI * 2) / SAMPLE_RATE;
    const swell = Math.sin(((i % noteSamples) / noteSamples) * Math.PI);
    const level = Math.sin(phase) * swell * NOTE_LEVEL;
    stereo[i * 2] = Math.round(level * 32767);
    stereo[i * 2 + 1] = Math.round(level * 0.7 * 32767);
  }
  for (const time of burstTimes(samples / SAMPLE_RATE)) {
    const first = Math.round(time * SAMPLE_RATE);
    for (let i = 0; i < BURST.seconds * SAMPLE_RATE; i++) {
      const level = BURST.level * Math.sin((i * BURST.hertz * Math.PI * 2) / SAMPLE_RATE);
      stereo.fill(Math.round(level * 32767), (first + i) * 2, (first + i) * 2 + 2);
    }
  }
  return encodeWav(stereo);
}
