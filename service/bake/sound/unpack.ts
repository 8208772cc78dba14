import { type FileHandle, open, writeFile } from 'node:fs/promises';
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

/** The soundtrack as raw audio samples in a file, interleaved and within ±1, cut where the video ends. */
export interface UnpackedSound {
  readonly path: string;
  /** ffmpeg's name of the samples' format: 32-bit floats. */
  readonly format: string;
  /** Audio samples a second, of each channel. */
  readonly sampleRate: number;
  /** 1 or 2. */
  readonly channels: number;
  readonly seconds: number;
}

interface Unpacked {
  /** Undefined for a tape without sound, or with sound that can't be read. */
  readonly sound: UnpackedSound | undefined;
  readonly warnings: readonly BakeWarning[];
}

/** Writes the shortest silence, which the encoder makes longer, to a file in `folder`. Throws DISK_FULL. */
export async function writeSilence(folder: string): Promise<UnpackedSound> {
  const path = join(folder, 'silence.pcm');
  const sampleRate = 48_000;
  await writeFile(path, new Float32Array(1)).catch((cause) => {
    throw diskFull(cause) ?? cause;
  });
  return { path, format: 'f32le', sampleRate, channels: 1, seconds: 1 / sampleRate };
}

/** Seconds that are decoded beyond the video, to detect a sound that is longer. */
const SECONDS_BEYOND = 1;

/**
 * Writes the audio samples of a tape's sound to a file in `folder`. A sound that can't be read is left out with a warning. Throws what
 * is wrong with the entry in the ZIP, DISK_FULL, FFMPEG_MISSING, FFMPEG_STALLED, FFMPEG_FAILED, or the signal's reason.
 */
export async function unpackSound(
  tape: Tape,
  folder: string,
  videoSeconds: number,
  run: RunOptions,
): Promise<Unpacked> {
  if (!tape.sound) return { sound: undefined, warnings: [] };
  const bytes = new StreamReader(tape.stream(tape.sound));
  try {
    const wav = await readWav(bytes);
    const made = 'reason' in wav ? wav : await writeSound(wav, folder, videoSeconds, run);
    // The checksum of the entry is checked at its end, so the rest is read too.
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
  run: RunOptions,
): Promise<Unpacked | Unreadable> {
  const { format } = wav;
  const access = sampleAccess(format);
  if (access.access === 'none') return access;
  const path = join(folder, 'sound.pcm');
  const plain = access.access === 'plain';
  const sampleRate = plain ? format.sampleRate : DECODED_RATE;
  const pieces = plain ? wav.samples : decode(wav, join(folder, 'sound.wav'), videoSeconds, run);
  const from = plain ? { ...format, coding: access.coding } : { ...decodedAs(format), places: 0 };
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

/** Writes compressed samples to a WAV file without oddities first, and decodes that. */
async function* decode(
  { format, samples }: Wav,
  path: string,
  videoSeconds: number,
  run: RunOptions,
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
  yield* decodeSamples(path, format, videoSeconds + SECONDS_BEYOND, run);
}

/** Seconds by which the recorder's sound may differ from the video: it starts late, and ends on a block of 4096 audio samples. */
const USUAL_DIFFERENCE = 0.25;

/**
 * The audio samples of each channel in a video. Sound begins with the video, is never stretched, and is cut at the video's end. A sound
 * that ends early is followed by silence. Pure.
 */
export function soundSampleCount(sampleRate: number, videoSeconds: number): number {
  return Math.ceil(videoSeconds * sampleRate - 1e-6);
}

/** Warns of a sound whose length differs from the video's by more than the recorder's usual difference. Pure. */
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

/** The result of writing samples. */
interface Written {
  /** Audio samples of each channel in the source. At most `wanted` of them are written. */
  readonly samples: number;
  /** Channels written: 1 or 2. */
  readonly channels: 1 | 2;
  /** Values that are no numbers (NaN or infinite) and became 0. */
  readonly notNumbers: number;
}

/**
 * Writes audio samples to a new file at `path` as interleaved 32-bit floats. One or two channels stay as they are, and are clipped to
 * ±1. More channels are mixed to stereo, which is made quieter as a whole, where it exceeds ±1. Writes the first `wanted` samples, and
 * reads all.
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
    let [samples, notNumbers, peak] = [0, 0, 0];
    for await (const piece of wholeSamples(pieces, size)) {
      const bytes = piece.subarray(0, Math.max(0, wanted - samples) * size);
      samples += piece.length / size;
      if (bytes.length === 0) continue;
      const read = readValues(bytes, from);
      notNumbers += read.notNumbers;
      const values = gains ? mixToStereo(read.values, gains) : read.values;
      if (gains) peak = Math.max(peak, peakOf(values));
      else if (isFloat) clip(values);
      await file.writeFile(bytesOf(values));
    }
    if (peak > 1) await multiply(file, 1 / peak);
    return { samples, notNumbers, channels: from.channels === 1 ? 1 : 2 };
  } finally {
    await file.close();
  }
}

function peakOf(values: Float32Array): number {
  let peak = 0;
  for (const value of values) peak = Math.max(peak, Math.abs(value));
  return peak;
}

function clip(values: Float32Array): void {
  for (let n = 0; n < values.length; n++) values[n] = Math.min(1, Math.max(-1, values[n]!));
}

const BLOCK_BYTES = 256 * 1024;

/** Multiplies every value in the file. */
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
