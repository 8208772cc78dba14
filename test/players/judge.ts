import { basename } from 'node:path';
import { startsOf } from '../encoders/judge.ts';
import { psnr } from '../encoders/pictures.ts';
import type { Truth } from '../encoders/truth.ts';

/** Seconds by which playing may end before or after the report's duration. */
const END_TOLERANCE = 0.05;
/** Seconds by which playing may be shorter: a player that takes a late part for the end jumps there. */
const SKIP_TOLERANCE = 0.25;
/** Likeness of a picture to its frame, in dB: browsers round colours in their own ways. */
const LIKENESS = 28;

export interface Film {
  /** A video that the server of `url` has. */
  readonly path: string;
  /** Seconds, by its report. */
  readonly seconds: number;
  readonly truth: Truth;
  /** Milliseconds for which each frame of the tape is shown. */
  readonly durations: readonly number[];
}

interface Page {
  evaluate<T>(expression: string): Promise<T>;
}

/**
 * Plays a video to its end in the page `page`, and compares the pictures at `samples` times. Gives the faults; none where the video ends
 * in time, and each picture is more like its frame than like those around it.
 */
export async function playFaults(page: Page, film: Film, { rate = 1, samples = 10 } = {}): Promise<string[]> {
  const { path, seconds, truth, durations } = film;
  const name = JSON.stringify(basename(path));
  const call = <T>(expression: string) => page.evaluate<T>(expression).catch((error: Error) => error);
  const played = await call<{ duration: number; endedAt: number; took: number }>(`play(${name}, ${rate})`);
  if (played instanceof Error) return [`it does not play: ${firstLine(played)}`];
  const faults: string[] = [];
  for (const [what, at] of [
    ['ends', played.endedAt],
    ['has its end', played.duration],
  ] as const) {
    if (!(Math.abs(at - seconds) <= END_TOLERANCE))
      faults.push(`it ${what} at ${at} s instead of ${seconds}`);
  }
  if (played.took * rate < seconds - SKIP_TOLERANCE)
    faults.push(`${seconds} s were played in ${played.took * rate}`);
  const moments = chooseMoments(durations, samples);
  const { width, height } = truth;
  const asked = moments.map(({ time, frame }, n) => {
    const before = moments[n - 1]?.frame;
    const isOther = before !== undefined && !truth.frame(before).equals(truth.frame(frame));
    return { time, isOther };
  });
  const times = JSON.stringify(asked);
  const seen = await call<string[]>(`look(${name}, ${times}, ${width}, ${height})`);
  if (seen instanceof Error) return [...faults, `it can not be looked at: ${firstLine(seen)}`];
  for (const [n, { frame, time }] of moments.entries()) {
    const picture = withoutAlpha(Buffer.from(seen[n]!, 'base64'));
    const likeness = psnr(picture, truth.frame(frame));
    const around = [neighbour(truth, frame, -1), neighbour(truth, frame, 1)].filter(
      (other) => other !== undefined,
    );
    const better = around.find((other) => psnr(picture, truth.frame(other)) > likeness);
    if (better !== undefined) faults.push(`at ${time} s it shows frame ${better} instead of ${frame}`);
    else if (likeness < LIKENESS)
      faults.push(`at ${time} s it is like frame ${frame} by ${likeness.toFixed(1)} dB`);
  }
  return faults;
}

/** Times in the middle of frames that are spread over the tape, with the first and the last. */
function chooseMoments(durations: readonly number[], samples: number): { frame: number; time: number }[] {
  const starts = startsOf(durations);
  const frames = durations.length;
  const spread = Array.from({ length: samples }, (_, n) =>
    Math.round((n * (frames - 1)) / Math.max(1, samples - 1)),
  );
  return [...new Set(spread)].map((frame) => ({ frame, time: (starts[frame]! + starts[frame + 1]!) / 2 }));
}

/** The nearest different frame, before or after. */
function neighbour(truth: Truth, frame: number, step: 1 | -1): number | undefined {
  const own = truth.frame(frame);
  for (
    let other = frame + step;
    other >= 0 && other < truth.frames && Math.abs(other - frame) <= 30;
    other += step
  ) {
    if (!truth.frame(other).equals(own)) return other;
  }
  return undefined;
}

function withoutAlpha(rgba: Buffer): Buffer {
  const rgb = Buffer.alloc((rgba.length / 4) * 3);
  for (let n = 0; n < rgba.length / 4; n += 1) rgba.copy(rgb, n * 3, n * 4, n * 4 + 3);
  return rgb;
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]!;
}
