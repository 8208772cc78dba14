import { type Schedule, TICKS_PER_SECOND } from './pictures.ts';

/** One sample of the video: a picture, or what is left of its time, encoded once more. */
export interface Sample {
  /** Number of the picture in the schedule, from 0. */
  readonly picture: number;
  /** When it begins to be shown, and when it ends, in ticks. */
  readonly start: number;
  readonly end: number;
}

/**
 * Samples go to the encoder, and come back, under their number at this constant rate (in a second), so that no encoder guesses
 * anything from times; the container gives them theirs.
 */
export const INDEX_RATE = 60;

/** Samples more than pictures, at most, to have them end in order. */
export const MOST_CUTS = 8;
/** Lengths that differ by less are taken for the same: rounding and refreshes of a display make them differ. */
const NEARLY = 0.75;

/**
 * Cuts the time of the pictures into samples, in the order they are shown: one for each picture. But Chromium takes the only sample of
 * a track for the end of it, so a picture that stands alone becomes two. Where the container counts in units of so many ticks, each
 * time is rounded by itself, and what would be shown for none of them is left out.
 */
export function planSamples({ pictures, end }: Schedule, unit = 1): Sample[] {
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
 * The same for pictures that are decoded in another order than they are shown: the longest samples are halved until `endsInOrder`
 * says that it can be written. Undefined where a few cuts don't help.
 */
export function planReorderedSamples(
  schedule: Schedule,
  endsInOrder: (samples: readonly Sample[]) => boolean,
): Sample[] | undefined {
  const samples = planSamples(schedule);
  for (let cuts = 0; cuts <= MOST_CUTS; cuts++) {
    if (endsInOrder(samples)) return samples;
    halve(samples, longest(samples));
  }
  return undefined;
}

/** Makes two samples of one, unless it lasts for one unit only. */
function halve(samples: Sample[], at: number, unit = 1): void {
  const { picture, start, end } = samples[at]!;
  const middle = Math.floor((start + end) / 2 / unit) * unit;
  if (middle > start) samples.splice(at, 1, { picture, start, end: middle }, { picture, start: middle, end });
}

/** The last of those that are nearly as long as the longest: near the end, where most of a tape's frames are alike. */
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
