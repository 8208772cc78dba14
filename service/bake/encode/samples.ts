import { TICKS_PER_SECOND, type Timeline } from '../plan/timeline.ts';

/** One sample of the video track: a picture, or a later part of its time, for which the picture is encoded once more. */
export interface Sample {
  /** Number of the picture in the timeline, from 0. */
  readonly picture: number;
  /** Ticks from the start of the video. */
  readonly start: number;
  readonly end: number;
}

/**
 * Samples go to the encoder, and come back, under their number at this constant rate (a second). So no encoder guesses
 * anything from irregular times. The container gives each sample its own time.
 */
export const INDEX_RATE = 60;

/** The most samples that are added to pictures, so that the sample shown last is decoded last. */
export const MAX_REPEATS = 8;
/** A sample counts as nearly as long as the longest from this part of it on: rounding and refreshes of a display vary lengths. */
const NEARLY = 0.75;

/**
 * Gives one sample for each picture, in the order in which they are shown. Chromium takes the only sample of a track for its
 * end, so a single picture becomes two samples. `unit` is the container's unit of time in ticks: each time is rounded to it by
 * itself, and a picture that is shown for no unit is left out. Pure.
 */
export function planSamples({ pictures, end }: Timeline, unit = 1): Sample[] {
  const rounded = (ticks: number) => Math.round(ticks / unit) * unit;
  const until = Math.max(unit, rounded(end));
  const all = pictures.map(({ start }, picture) => {
    const next = pictures[picture + 1];
    return { picture, start: rounded(start), end: next ? rounded(next.start) : until };
  });
  const samples = all.filter(({ start, end }) => end > start);
  if (samples.length === 1) halve(samples, 0, unit);
  return samples;
}

/**
 * Gives samples that are decoded in another order than they are shown: halves the longest ones until `endsInOrder` says that a
 * container can hold them. Undefined where MAX_REPEATS halvings are not enough. Pure.
 */
export function planReorderedSamples(
  timeline: Timeline,
  endsInOrder: (samples: readonly Sample[]) => boolean,
): Sample[] | undefined {
  const samples = planSamples(timeline);
  for (let repeats = 0; repeats <= MAX_REPEATS; repeats++) {
    if (endsInOrder(samples)) return samples;
    halve(samples, longest(samples));
  }
  return undefined;
}

/** Splits one sample into two, unless it lasts for one unit only. */
function halve(samples: Sample[], at: number, unit = 1): void {
  const { picture, start, end } = samples[at]!;
  const middle = Math.floor((start + end) / 2 / unit) * unit;
  if (middle > start) samples.splice(at, 1, { picture, start, end: middle }, { picture, start: middle, end });
}

/** The last sample that is nearly as long as the longest. It is near the end, since most frames of a tape are alike in length. */
function longest(samples: readonly Sample[]): number {
  const lengths = samples.map(({ start, end }) => end - start);
  const enough = NEARLY * Math.max(...lengths);
  return lengths.findLastIndex((length) => length >= enough);
}

/** The most samples that begin within any one second. */
export function peakRate(samples: readonly Sample[]): number {
  let from = 0;
  let most = 0;
  for (const [n, { start }] of samples.entries()) {
    while (start - samples[from]!.start >= TICKS_PER_SECOND) from += 1;
    most = Math.max(most, n - from + 1);
  }
  return most;
}
