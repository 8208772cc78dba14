/**
 * The clock of every video that Oven makes has 90,000 ticks a second. Rounding to a tick is off by 6 µs at most, and times
 * of 30 s still fit in 32 bits.
 */
export const TICKS_PER_SECOND = 90_000;
export const TICKS_PER_MS = TICKS_PER_SECOND / 1000;

/** A tape without any duration is shown for one refresh of a display, in ms. */
const ONE_REFRESH_MS = 1000 / 60;

/** One picture of the video: the first of a run of equal frames, shown for as long as all of them. */
export interface Picture {
  /** Number of the frame in the tape, from 0. */
  readonly frame: number;
  /** Ticks from the start of the video to the moment at which the picture appears. */
  readonly start: number;
}

/** Which picture is shown from when to when: the first starts at 0, starts rise strictly, and the last picture lasts to `end` (ticks). */
export interface Timeline {
  readonly pictures: readonly Picture[];
  readonly end: number;
}

/**
 * Adds up durations (ms). Gives the start of every frame and the end of the last one, in ticks. Each time is rounded by
 * itself, so nothing drifts. Pure.
 */
export function toTicks(durations: readonly number[]): number[] {
  const ticks = [0];
  let total = 0;
  for (const duration of durations) {
    total += duration;
    ticks.push(Math.round(total * TICKS_PER_MS));
  }
  if (ticks.at(-1) === 0) ticks[ticks.length - 1] = Math.round(ONE_REFRESH_MS * TICKS_PER_MS);
  return ticks;
}

/**
 * Merges frames into pictures. `durations` are in ms, and `repeats[n]` says whether frame n equals frame n - 1. A frame that
 * is shown for less than a tick is left out, since no player can show it. Pure.
 */
export function planTimeline(durations: readonly number[], repeats: readonly boolean[]): Timeline {
  const ticks = toTicks(durations);
  const end = ticks.at(-1)!;
  const pictures: Picture[] = [];
  for (let frame = 0; frame < durations.length; frame++) {
    const start = ticks[frame]!;
    if (frame > 0 && repeats[frame]) continue;
    if (start === end && frame > 0) continue;
    if (pictures.at(-1)?.start === start) pictures.pop();
    pictures.push({ frame, start });
  }
  return { pictures, end };
}

/** The number of the picture that is on screen at `ticks`. */
export function pictureAt({ pictures }: Timeline, ticks: number): number {
  const next = pictures.findIndex(({ start }) => start > ticks);
  return (next === -1 ? pictures.length : next) - 1;
}
