import { readFile } from 'node:fs/promises';
import { mp4Faults } from './mp4-rules.ts';
import { decodePictures, decodeTimes, psnr, type Shown, shrink } from './pictures.ts';
import { hear } from './sound.ts';
import type { Truth } from './truth.ts';
import { webmFaults } from './webm-rules.ts';

/** The right times and sound of a tape's video. */
export interface Right {
  /** Milliseconds for which each frame is shown. */
  readonly durations: readonly number[];
  /** Seconds at which the sound is first heard, and its level, as another program reads the soundtrack; absent for silence. */
  readonly sound?: { readonly onset: number; readonly level: number } | undefined;
}

/** Seconds by which a picture may be off: WebM counts in milliseconds. */
const TIME_TOLERANCE = 0.0011;
/** Seconds by which sound may be off. */
const SOUND_TOLERANCE = 0.03;
/** Factor by which sound may be louder or softer, in dB. */
const LEVEL_TOLERANCE = 2;
/** The number of pictures that may be there twice, … */
const MOST_REPEATS = 4;
/** … alike by so many dB. */
const REPEATED = 40;
/** Likeness of each picture to its frame, in dB. */
const LIKENESS = 40;

/**
 * Judges a finished MP4 or WebM with another program than its encoder, `ffmpeg`: whether every frame of the tape is shown at its time and
 * looks right, whether its sound is heard, and whether the tables of the file are right. Compares the pixels of `samples` pictures at most.
 * Gives the faults; none for a right video.
 */
export async function judgeVideo(
  path: string,
  truth: Truth,
  right: Right,
  { ffmpeg, samples = 40, likeness = LIKENESS }: { ffmpeg: string; samples?: number; likeness?: number },
): Promise<string[]> {
  const shown = await decodeTimes(path, ffmpeg).catch((error: Error) => error);
  if (shown instanceof Error) return [firstLine(shown)];
  const starts = startsOf(right.durations);
  const faults = [
    ...timeFaults(shown.times, starts),
    ...(await strayFaults(path, shown, starts, ffmpeg).catch((error: Error) => [firstLine(error)])),
  ];
  const chosen = choose(starts, samples);
  const on = chosen.map(({ middle }) => onScreen(shown.times, middle));
  const distinct = [...new Set(on)].filter((n) => n !== -1).toSorted((a, b) => a - b);
  const pictures = await decodePictures(path, shown, distinct, ffmpeg).catch((error: Error) => error);
  if (pictures instanceof Error) return [...faults, firstLine(pictures)];
  const worst = { db: Number.POSITIVE_INFINITY, frame: -1 };
  for (const [n, { frame }] of chosen.entries()) {
    const picture = pictures[distinct.indexOf(on[n]!)];
    if (picture === undefined) continue;
    const db = psnr(shrink(picture, shown, truth.width, truth.height), truth.frame(frame));
    if (db < worst.db) Object.assign(worst, { db, frame });
  }
  if (worst.db < likeness)
    faults.push(`frame ${worst.frame} is like its picture by ${worst.db.toFixed(1)} dB`);
  const strict = path.endsWith('.mp4') ? mp4Faults : webmFaults;
  return [...faults, ...(await soundFaults(path, right, ffmpeg)), ...strict(await readFile(path))];
}

/** The start of each frame, and the end, in seconds. */
export function startsOf(durations: readonly number[]): number[] {
  const starts = [0];
  let total = 0;
  for (const ms of durations) {
    total += ms;
    starts.push(total / 1000);
  }
  return starts;
}

/** Frames spread over the tape, with the first and the last, and a time at which each is on screen. */
function choose(starts: readonly number[], samples: number) {
  const frames = starts.length - 1;
  const count = Math.min(samples, frames);
  const spread = Array.from({ length: count }, (_, n) =>
    count === 1 ? 0 : Math.round((n * (frames - 1)) / (count - 1)),
  );
  return [...new Set(spread)].map((frame) => ({ frame, middle: (starts[frame]! + starts[frame + 1]!) / 2 }));
}

function onScreen(times: readonly number[], seconds: number): number {
  return times.findLastIndex((time) => time <= seconds);
}

function timeFaults(times: readonly number[], starts: readonly number[]): string[] {
  if (!times.every((time, n) => n === 0 || time > times[n - 1]!)) return ['pictures are not shown in order'];
  if (Math.abs(times[0]!) > TIME_TOLERANCE) return [`the first picture begins at ${times[0]} s`];
  const end = starts.at(-1)!;
  if (times.at(-1)! >= end) return [`a picture begins at ${times.at(-1)} s, after the end`];
  return [];
}

/** Pictures that begin at no frame's start may only repeat the one before, as the last ones do. */
async function strayFaults(
  path: string,
  shown: Shown,
  starts: readonly number[],
  ffmpeg: string,
): Promise<string[]> {
  const strays = [...shown.times.keys()].filter(
    (n) => n > 0 && !starts.some((start) => Math.abs(start - shown.times[n]!) <= TIME_TOLERANCE),
  );
  if (strays.length > MOST_REPEATS) return [`${strays.length} pictures begin where no frame does`];
  const faults: string[] = [];
  for (const n of strays) {
    const [before, again] = await decodePictures(path, shown, [n - 1, n], ffmpeg);
    if (psnr(before!, again!) < REPEATED)
      faults.push(`a picture begins at ${shown.times[n]} s, and no frame does`);
  }
  return faults;
}

async function soundFaults(path: string, { sound }: Right, ffmpeg: string): Promise<string[]> {
  if (sound === undefined) return [];
  const heard = await hear(path, ffmpeg).catch(() => undefined);
  if (heard?.onset === undefined) return ['nothing is heard'];
  const late = heard.onset - sound.onset;
  const louder = 20 * Math.log10(heard.level / sound.level);
  return [
    ...(Math.abs(late) > SOUND_TOLERANCE ? [`sound is ${(late * 1000).toFixed(0)} ms late`] : []),
    ...(Math.abs(louder) > LEVEL_TOLERANCE ? [`sound is ${louder.toFixed(1)} dB louder`] : []),
  ];
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]!;
}
