/**
 * The clock of every video Oven makes: 90,000 ticks a second, so that rounding to it is off by 6 µs at most, and times
 * of 30 s still fit in 32 bits.
 */
export const TICKS_PER_SECOND = 90_000;
export const TICKS_PER_MS = TICKS_PER_SECOND / 1000;

/** What a tape of no duration at all is shown for, in ms: one refresh of a display. */
const ONE_REFRESH_MS = 1000 / 60;

/** One picture of the video: the first of a run of equal frames, shown for as long as all of them. */
export interface Picture {
  /** Number of the frame in the tape, from 0. */
  readonly frame: number;
  /** When it begins to be shown, in ticks from the start. */
  readonly start: number;
}

/** What is shown when: pictures in order, the first at 0, starts strictly rising, and the end in ticks. */
export interface Schedule {
  readonly pictures: readonly Picture[];
  readonly end: number;
}

/** Adds up durations (ms) to the start of every frame and the end of the last one, in ticks. Nothing drifts: each is rounded by itself. */
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
 * Merges frames into pictures. `repeats[n]` says whether frame n equals frame n - 1. A frame shown for less than a tick is
 * left out, for no player can show it.
 */
export function schedulePictures(durations: readonly number[], repeats: readonly boolean[]): Schedule {
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

/** The picture that is on screen at `ticks`. */
export function pictureAt({ pictures }: Schedule, ticks: number): number {
  const next = pictures.findIndex(({ start }) => start > ticks);
  return (next === -1 ? pictures.length : next) - 1;
}
