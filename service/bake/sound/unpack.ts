import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { BakeWarning } from '../errors.ts';
import type { Tape } from '../open/tape.ts';
import { lengthWarnings, soundSampleCount } from '../plan/timeline.ts';
import { diskFull } from '../workspace.ts';
import { DECODED_RATE, decodedAs, decodeSamples, type Runner, wavHead } from './decode.ts';
import { StreamReader, type Written, writeSamples } from './stream.ts';
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
  runner: Runner,
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
  runner: Runner,
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
  runner: Runner,
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
