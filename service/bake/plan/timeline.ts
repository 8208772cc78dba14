import type { BakeWarning } from '../errors.ts';

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
export const MAX_REPEATS = 8;
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
  for (let cuts = 0; cuts <= MAX_REPEATS; cuts++) {
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

/** Seconds by which the recorder's sound differs from the video as a rule: it starts late and ends on a block of 4096 samples. */
const USUAL_DIFFERENCE = 0.25;

/**
 * Samples of each channel that go into a video. Sound begins with the video and is never stretched: what is beyond the
 * video's end is cut to the sample, and where it ends early there is silence.
 */
export function soundSampleCount(sampleRate: number, videoSeconds: number): number {
  return Math.ceil(videoSeconds * sampleRate - 1e-6);
}

/**
 * Samples a second in a finished video: what every player and encoder knows. Opus has 48 kHz inside, and delays sound of
 * other rates by another time.
 */
export function encodedRate(kind: 'mp4' | 'webm', sampleRate: number): number {
  return kind === 'mp4' && sampleRate === 44_100 ? 44_100 : 48_000;
}

/** What has to be said about a sound of another length: only what is more than the recorder's usual difference is worth a word. */
export function lengthWarnings(soundSeconds: number, videoSeconds: number): BakeWarning[] {
  const difference = soundSeconds - videoSeconds;
  if (Math.abs(difference) <= USUAL_DIFFERENCE) return [];
  const seconds = Math.abs(difference).toFixed(2);
  const [code, message] =
    difference > 0
      ? (['SOUND_LONGER', `The sound is ${seconds} s longer than the video and was cut.`] as const)
      : (['SOUND_SHORTER', `The sound is ${seconds} s shorter than the video: it ends in silence.`] as const);
  return [{ code, message }];
}

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
