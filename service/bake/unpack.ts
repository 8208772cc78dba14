import { writeFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BakeWarning } from './errors.ts';
import { fileHead, pictureHead } from './matroska.ts';
import type { SoundHeader, Tape, ZipEntry } from './open/tape.ts';
import { type Schedule, schedulePictures, TICKS_PER_SECOND } from './plan/pictures.ts';
import { planSound } from './plan/sound.ts';
import { diskFull } from './workspace.ts';

/** The tape's pictures and sound as files that ffmpeg reads. */
export interface Unpacked {
  readonly schedule: Schedule;
  /** File of the pictures, with their times. */
  readonly pictures: string;
  /** Bytes of all pictures' PNGs together. */
  readonly pictureBytes: number;
  readonly sound: UnpackedSound | undefined;
  readonly warnings: readonly BakeWarning[];
}

/** Raw samples, cut where the video ends. */
export interface UnpackedSound extends Pick<SoundHeader, 'format' | 'sampleRate' | 'channels'> {
  readonly path: string;
  readonly seconds: number;
}

/**
 * Writes the pictures into one file: a file for each would cost almost a millisecond on a disk. Frames that equal their
 * neighbour, byte by byte, are written once. Then the sound's samples. Throws what is wrong with an entry, DISK_FULL, or the signal's reason.
 */
export async function unpackTape(tape: Tape, folder: string, signal: AbortSignal): Promise<Unpacked> {
  try {
    const pictures = await unpackPictures(tape, join(folder, 'pictures.mkv'), signal);
    const sound = await unpackSound(tape, folder, pictures.schedule.end / TICKS_PER_SECOND);
    return { ...pictures, ...sound };
  } catch (cause) {
    throw diskFull(cause) ?? cause;
  }
}

async function unpackPictures(tape: Tape, path: string, signal: AbortSignal) {
  const schedule = schedulePictures(tape.durations, await findRepeats(tape, signal));
  let pictureBytes = 0;
  const file = await open(path, 'wx');
  try {
    await file.write(fileHead(tape.width, tape.height));
    for (const { frame, start } of schedule.pictures) {
      signal.throwIfAborted();
      const bytes = await tape.read(tape.frames[frame]!);
      // Unlike a bare write, it goes on after a short one, so that a full disk is an error and not a hole.
      writeFileSync(file.fd, pictureHead(start, bytes.length));
      writeFileSync(file.fd, bytes);
      pictureBytes += bytes.length;
    }
  } finally {
    await file.close();
  }
  return { schedule, pictures: path, pictureBytes };
}

/**
 * Whether each frame equals the one before, byte by byte. Only those of the same size and checksum have to be read; the
 * others can't be equal, and that their checksums are true is seen when they are unpacked (but for frames shown for no time
 * at all, of which nothing is used).
 */
async function findRepeats(tape: Tape, signal: AbortSignal): Promise<boolean[]> {
  const repeats: boolean[] = [];
  let last: { readonly entry: ZipEntry; readonly bytes?: Buffer } | undefined;
  for (const entry of tape.frames) {
    signal.throwIfAborted();
    if (last?.entry.crc32 !== entry.crc32 || last.entry.size !== entry.size) {
      repeats.push(false);
      last = { entry };
      continue;
    }
    const before = last.bytes ?? (await tape.read(last.entry));
    const bytes = await tape.read(entry);
    repeats.push(before.equals(bytes));
    last = { entry, bytes };
  }
  return repeats;
}

async function unpackSound(
  tape: Tape,
  folder: string,
  videoSeconds: number,
): Promise<Pick<Unpacked, 'sound' | 'warnings'>> {
  if (!tape.sound) return { sound: undefined, warnings: [] };
  const { entry, header } = tape.sound;
  const { bytes, seconds, warnings } = planSound(header, videoSeconds);
  const path = join(folder, 'sound.pcm');
  const wav = await tape.read(entry);
  await writeFile(path, wav.subarray(header.dataOffset, header.dataOffset + bytes));
  const { format, sampleRate, channels } = header;
  return { sound: { path, seconds, format, sampleRate, channels }, warnings };
}
