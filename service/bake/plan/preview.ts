import { pictureAt, type Schedule, TICKS_PER_MS } from './pictures.ts';

/** Seconds of the tape that a preview shows at most. */
export const PREVIEW_SECONDS = 6;
/** Pixels of a preview's longer side at most, unless asked otherwise. */
export const PREVIEW_SIDE = 480;
/** … and however it was asked: at 4096 a WebP takes 750 MB and minutes, of the service's own process, and can't be stopped. */
export const PREVIEW_SIDE_MOST = 1024;
/**
 * Milliseconds between two pictures of a preview. GIF counts in hundredths of a second, and browsers slow down what is
 * shown for less than 20 ms.
 */
export const PREVIEW_STEP_MS = 40;

/** One picture of a preview. */
export interface PreviewFrame {
  /** Which picture of the schedule. */
  readonly picture: number;
  /** How long it is shown, in ms: a multiple of 10, at least PREVIEW_STEP_MS. */
  readonly delay: number;
}

/**
 * Looks at the schedule every 40 ms and keeps what is new; so a preview never runs away from the tape, and what the tape
 * holds still costs nothing.
 */
export function planPreview(schedule: Schedule): PreviewFrame[] {
  const endMs = Math.min(schedule.end / TICKS_PER_MS, PREVIEW_SECONDS * 1000);
  const steps = Math.max(1, Math.round(endMs / PREVIEW_STEP_MS));
  const frames: { picture: number; delay: number }[] = [];
  for (let step = 0; step < steps; step++) {
    const picture = pictureAt(schedule, step * PREVIEW_STEP_MS * TICKS_PER_MS);
    const last = frames.at(-1);
    if (last?.picture === picture) last.delay += PREVIEW_STEP_MS;
    else frames.push({ picture, delay: PREVIEW_STEP_MS });
  }
  return frames;
}
