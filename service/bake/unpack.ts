import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BakeWarning } from './errors.ts';
import type { SoundHeader, Tape } from './open/tape.ts';
import { type Schedule, schedulePictures, TICKS_PER_SECOND } from './plan/pictures.ts';
import { planSound } from './plan/sound.ts';
import { diskFull } from './workspace.ts';

/** The tape's pictures and sound as files that ffmpeg and sharp read. */
export interface Unpacked {
  readonly schedule: Schedule;
  /** Folder of the pictures, named by `pictureName`. */
  readonly folder: string;
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

/** ffmpeg's pattern for the names of pictures. */
export const PICTURES = '%05d.png';

/** The file name of picture `index`, from 0. */
export function pictureName(index: number): string {
  return `${String(index).padStart(5, '0')}.png`;
}

/**
 * Writes one file for each picture: frames that equal their neighbour, byte by byte, are written once. Then the sound's
 * samples. Throws what is wrong with an entry, DISK_FULL, or the signal's reason.
 */
export async function unpackTape(tape: Tape, folder: string, signal: AbortSignal): Promise<Unpacked> {
  try {
    const pictures = await unpackPictures(tape, join(folder, 'pictures'), signal);
    const sound = await unpackSound(tape, folder, pictures.schedule.end / TICKS_PER_SECOND);
    return { ...pictures, ...sound };
  } catch (cause) {
    throw diskFull(cause) ?? cause;
  }
}

/*
 * Files are written synchronously: a write to the page cache takes a tenth of what a trip through the thread pool
 * does, and between two frames there is a read that lets others have their turn.
 */
async function unpackPictures(tape: Tape, folder: string, signal: AbortSignal) {
  mkdirSync(folder);
  const repeats: boolean[] = [];
  const sizes: number[] = [];
  const unpacked = (frame: number) => join(folder, `frame-${frame}`);
  let last: Buffer | undefined;
  for (const entry of tape.frames) {
    signal.throwIfAborted();
    const bytes = await tape.read(entry);
    const repeated = last?.equals(bytes) ?? false;
    if (!repeated) writeFileSync(unpacked(repeats.length), bytes);
    repeats.push(repeated);
    sizes.push(bytes.length);
    last = bytes;
  }
  const schedule = schedulePictures(tape.durations, repeats);
  for (const [index, { frame, start }] of schedule.pictures.entries()) {
    const path = join(folder, pictureName(index));
    renameSync(unpacked(frame), path);
    // ffmpeg takes a picture's time from its file's, which has whole seconds everywhere: a tick is written as a second.
    utimesSync(path, start, start);
  }
  removeUnseen(repeats, schedule, unpacked);
  const pictureBytes = schedule.pictures.reduce((sum, { frame }) => sum + sizes[frame]!, 0);
  return { schedule, folder, pictureBytes };
}

/** Frames that are shown for no time at all have a file, but no place in the video. */
function removeUnseen(repeats: readonly boolean[], schedule: Schedule, unpacked: (frame: number) => string) {
  const seen = new Set(schedule.pictures.map(({ frame }) => frame));
  for (const [frame, repeated] of repeats.entries()) {
    if (!repeated && !seen.has(frame)) rmSync(unpacked(frame));
  }
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
