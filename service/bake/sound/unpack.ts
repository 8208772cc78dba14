import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BakeWarning } from '../errors.ts';
import type { RunOptions } from '../ffmpeg.ts';
import type { Tape } from '../open/tape.ts';
import { diskFull } from '../temp-folder.ts';
import {
  bytesPerSample,
  type Interleaved,
  mixToStereo,
  readValues,
  stereoGains,
  wholeSamples,
} from './audio-samples.ts';
import { DECODED_RATE, decodedAs, decodeSamples, wavHead } from './decode.ts';
import { StreamReader } from './stream.ts';
import { NO_SAMPLES, readWav, sampleAccess, type Unreadable, type Wav } from './wav.ts';

/** Raw samples in a file, interleaved and within ±1, cut where the video ends: whatever the soundtrack was. */
export interface UnpackedSound {
  readonly path: string;
  /** In ffmpeg's words: 32-bit floats. */
  readonly format: string;
  /** Samples a second, of each channel. */
  readonly sampleRate: number;
  /** 1 or 2. */
  readonly channels: number;
  readonly seconds: number;
}

interface Unpacked {
  /** Absent when the tape has no sound, or none that can be read. */
  readonly sound: UnpackedSound | undefined;
  readonly warnings: readonly BakeWarning[];
}

/** Seconds beyond the video that are decoded, so that a sound that is longer can be told. */
const DECODED_BEYOND = 1;

/**
 * Writes the sound's samples, if there are any, to a file in `folder`. A sound that can't be read is left out with a
 * warning; throws what is wrong with the entry in the ZIP, DISK_FULL, and what keeps ffmpeg from being run.
 */
export async function unpackSound(
  tape: Tape,
  folder: string,
  videoSeconds: number,
  runner: RunOptions,
): Promise<Unpacked> {
  if (!tape.sound) return { sound: undefined, warnings: [] };
  const bytes = new StreamReader(tape.stream(tape.sound));
  try {
    const wav = await readWav(bytes);
    const made = 'reason' in wav ? wav : await writeSound(wav, folder, videoSeconds, runner);
    // What was left out of the sound is damaged as well if its checksum says so.
    await bytes.drain();
    if (!('reason' in made)) return made;
    const message = `${tape.sound.name} ${made.reason}: the video has no sound.`;
    return { sound: undefined, warnings: [{ code: 'SOUND_UNREADABLE', message }] };
  } catch (cause) {
    throw diskFull(cause) ?? cause;
  } finally {
    await bytes.close();
  }
}

async function writeSound(
  wav: Wav,
  folder: string,
  videoSeconds: number,
  runner: RunOptions,
): Promise<Unpacked | Unreadable> {
  const { format } = wav;
  const way = sampleAccess(format);
  if (way.way === 'none') return way;
  const path = join(folder, 'sound.pcm');
  const plain = way.way === 'plain';
  const sampleRate = plain ? format.sampleRate : DECODED_RATE;
  const pieces = plain ? wav.samples : decode(wav, join(folder, 'sound.wav'), videoSeconds, runner);
  const from = plain ? { ...format, coding: way.coding } : { ...decodedAs(format), places: 0 };
  const wanted = soundSampleCount(sampleRate, videoSeconds);
  const written = await writeSamples(path, pieces, from, wanted);
  if (written.samples === 0) {
    return plain ? NO_SAMPLES : { reason: `is of format ${format.tag}, and can not be decoded` };
  }
  const seconds = Math.min(written.samples, wanted) / sampleRate;
  return {
    sound: { path, format: 'f32le', sampleRate, channels: written.channels, seconds },
    warnings: [...valueWarnings(written), ...lengthWarnings(written.samples / sampleRate, videoSeconds)],
  };
}

function valueWarnings({ notNumbers }: Written): BakeWarning[] {
  if (notNumbers === 0) return [];
  const message = `${notNumbers} samples of the sound are not numbers (NaN or infinite): they are silent.`;
  return [{ code: 'SOUND_NOT_NUMBERS', message }];
}

/** Compressed samples are first written to a WAV file of their own, in which nothing is odd. */
async function* decode(
  { format, samples }: Wav,
  path: string,
  videoSeconds: number,
  runner: RunOptions,
): AsyncGenerator<Buffer> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(wavHead(format, 0));
    let length = 0;
    for await (const piece of samples) {
      length += piece.length;
      await file.writeFile(piece);
    }
    await file.write(wavHead(format, length), 0, undefined, 0);
  } finally {
    await file.close();
  }
  yield* decodeSamples(path, format, videoSeconds + DECODED_BEYOND, runner);
}

/** Seconds by which the recorder's sound differs from the video as a rule: it starts late and ends on a block of 4096 samples. */
const USUAL_DIFFERENCE = 0.25;

/**
 * Samples of each channel that go into a video. Sound begins with the video and is never stretched: what is beyond the
 * video's end is cut to the sample, and where it ends early there is silence.
 */
export function soundSampleCount(sampleRate: number, videoSeconds: number): number {
  return Math.ceil(videoSeconds * sampleRate - 1e-6);
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

/** What became of the samples written. */
interface Written {
  /** Samples of each channel that there were, of which at most as many as wanted were written. */
  readonly samples: number;
  /** Channels written: 1 or 2. */
  readonly channels: 1 | 2;
  /** Values that were no numbers (NaN or infinite) and became 0. */
  readonly notNumbers: number;
}

/**
 * Writes samples to a new file at `path` as 32-bit floats within ±1, interleaved: one or two channels as they are, cut off at
 * ±1; more of them mixed to stereo, and as a whole made so quiet that nothing has to be cut off. Writes the first `wanted`
 * samples and reads all.
 */
async function writeSamples(
  path: string,
  pieces: AsyncIterable<Buffer>,
  from: Interleaved & { readonly places: number },
  wanted: number,
): Promise<Written> {
  const size = bytesPerSample(from);
  const isFloat = from.coding === 'f32' || from.coding === 'f64';
  const gains = from.channels > 2 ? stereoGains(from.channels, from.places) : undefined;
  const file = await open(path, 'wx+');
  try {
    let [samples, notNumbers, loudest] = [0, 0, 0];
    for await (const piece of wholeSamples(pieces, size)) {
      const bytes = piece.subarray(0, Math.max(0, wanted - samples) * size);
      samples += piece.length / size;
      if (bytes.length === 0) continue;
      const read = readValues(bytes, from);
      notNumbers += read.notNumbers;
      const values = gains ? mixToStereo(read.values, gains) : read.values;
      if (gains) loudest = Math.max(loudest, loudestOf(values));
      else if (isFloat) cutOff(values);
      await file.writeFile(bytesOf(values));
    }
    if (loudest > 1) await multiply(file, 1 / loudest);
    return { samples, notNumbers, channels: from.channels === 1 ? 1 : 2 };
  } finally {
    await file.close();
  }
}

function loudestOf(values: Float32Array): number {
  let loudest = 0;
  for (const value of values) loudest = Math.max(loudest, Math.abs(value));
  return loudest;
}

function cutOff(values: Float32Array): void {
  for (let n = 0; n < values.length; n++) values[n] = Math.min(1, Math.max(-1, values[n]!));
}

const BLOCK_BYTES = 256 * 1024;

/** Makes every value in the file louder or quieter. */
async function multiply(file: FileHandle, factor: number): Promise<void> {
  const values = new Float32Array(BLOCK_BYTES / 4);
  const bytes = bytesOf(values);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(bytes, 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    for (let n = 0; n < values.length; n++) values[n]! *= factor;
    await file.write(bytes, 0, bytesRead, at);
    at += bytesRead;
  }
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
