import { argv } from '../service/lib/argv.ts';

/** The properties of a tape from which the plain recipe chooses its frame rate. */
export interface RecipeInput {
  frames: number;
  /** Seconds of soundtrack.wav, if there is one. */
  soundSeconds: number | undefined;
  /** Milliseconds of each frame by timing.json; empty where there is none. */
  durations: readonly number[];
}

const USUAL_RATE = 60;
const THUMBNAIL_ENLARGED = 3;

/** The one frame rate that the recipe gives a whole tape, in whole frames a second. */
export function recipeRate({ frames, soundSeconds, durations }: RecipeInput): number {
  if (soundSeconds) return Math.round(frames / soundSeconds);
  if (durations.length === 0) return USUAL_RATE;
  return Math.round((1000 * durations.length) / durations.reduce((sum, ms) => sum + ms, 0));
}

/** ffmpeg's arguments for the recipe. It runs in the folder of the unpacked tape. */
export function recipeArguments(rate: number, hasSound: boolean, output: string): string[] {
  const filters = ['scale=iw*3:ih*3:flags=neighbor', 'scale=trunc(iw/2)*2:trunc(ih/2)*2:flags=neighbor'];
  return argv`
    -y -framerate ${rate} -i frame-%05d.png
    ${hasSound ? argv`-i soundtrack.wav -c:a aac -b:a 128k` : []}
    -vf ${filters.join(',')}
    -c:v libx264 -pix_fmt yuv420p -movflags +faststart ${output}
  `;
}

/** The frame of the recipe's thumbnail, and the factor by which it is enlarged before it is made to fit. */
export function recipeThumbnail(frames: number): { frame: number; enlarged: number } {
  return { frame: Math.floor(frames / 2), enlarged: THUMBNAIL_ENLARGED };
}
