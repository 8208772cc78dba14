import { runAllOrStop } from '../../lib/run-all.ts';
import { writeMp4 } from '../container/mp4.ts';
import type { PictureTrack } from '../container/packets.ts';
import { writeWebm } from '../container/webm.ts';
import type { RunOptions } from '../ffmpeg.ts';
import type { Pictures } from '../frames/pictures.ts';
import { TICKS_PER_SECOND } from '../plan/timeline.ts';
import type { UnpackedSound } from '../sound/unpack.ts';
import type { SoundPlan } from './command.ts';
import { encodePictures } from './encode-pictures.ts';
import { encodeSound } from './encode-sound.ts';
import type { VideoPlan } from './plan-video.ts';

/** The sound of a video, and how it is to be encoded. */
interface TapeSound {
  readonly plan: SoundPlan;
  readonly sound: UnpackedSound;
}

/**
 * Writes a video at `output`, and working files beside it: encodes pictures and sound side by side, and gives them their planned
 * times. `onSamples` hears how many samples are encoded. Throws what `encodePictures` and `runEncoder` throw, or DISK_FULL.
 */
export async function encodeVideo(
  plan: VideoPlan,
  pictures: Pictures,
  tapeSound: TapeSound | undefined,
  output: string,
  run: RunOptions,
  onSamples: (samples: number) => void,
): Promise<void> {
  const { container, samples } = plan;
  await runAllOrStop<unknown>(run.signal, (signal) => {
    const sound = tapeSound
      ? encodeSound(tapeSound.plan, tapeSound.sound, { ...run, signal })
      : Promise.resolve(undefined);
    const write = async (track: PictureTrack) => {
      const soundTrack = await sound;
      if (container === 'mp4') await writeMp4(output, track, soundTrack);
      else await writeWebm(output, track, soundTrack, samples.at(-1)!.end / TICKS_PER_SECOND);
    };
    return [sound, encodePictures(plan, pictures, output, { ...run, signal }, write, onSamples)];
  });
}
