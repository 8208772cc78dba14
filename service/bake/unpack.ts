import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BakeWarning } from './errors.ts';
import type { SoundHeader, Tape } from './open/tape.ts';
import { planSound } from './plan/sound.ts';
import { diskFull } from './workspace.ts';

/** Raw samples in a file that ffmpeg reads, cut where the video ends. */
export interface UnpackedSound extends Pick<SoundHeader, 'format' | 'sampleRate' | 'channels'> {
  readonly path: string;
  readonly seconds: number;
}

/** Writes the sound's samples, if there are any, to a file in `folder`. Throws what is wrong with the entry, or DISK_FULL. */
export async function unpackSound(
  tape: Tape,
  folder: string,
  videoSeconds: number,
): Promise<{ sound: UnpackedSound | undefined; warnings: readonly BakeWarning[] }> {
  if (!tape.sound) return { sound: undefined, warnings: [] };
  const { entry, header } = tape.sound;
  const { bytes, seconds, warnings } = planSound(header, videoSeconds);
  const path = join(folder, 'sound.pcm');
  const wav = await tape.read(entry);
  await writeFile(path, wav.subarray(header.dataOffset, header.dataOffset + bytes)).catch((cause) => {
    throw diskFull(cause) ?? cause;
  });
  const { format, sampleRate, channels } = header;
  return { sound: { path, seconds, format, sampleRate, channels }, warnings };
}
