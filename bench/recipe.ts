/** What the plain recipe reads of a tape to choose its frame rate. */
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

/** ffmpeg's arguments for the recipe, run in the folder that the tape was unpacked to. */
export function recipeArguments(rate: number, hasSound: boolean, output: string): string[] {
  const filters = ['scale=iw*3:ih*3:flags=neighbor', 'scale=trunc(iw/2)*2:trunc(ih/2)*2:flags=neighbor'];
  return [
    ...['-y', '-framerate', `${rate}`, '-i', 'frame-%05d.png'],
    ...(hasSound ? ['-i', 'soundtrack.wav', '-c:a', 'aac', '-b:a', '128k'] : []),
    ...['-vf', filters.join(',')],
    ...['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-movflags', '+faststart', output],
  ];
}

/** Which frame the recipe's thumbnail shows, and how many times it is enlarged before it is made to fit. */
export function recipeThumbnail(frames: number): { frame: number; enlarged: number } {
  return { frame: Math.floor(frames / 2), enlarged: THUMBNAIL_ENLARGED };
}
