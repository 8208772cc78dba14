import type { Sample } from './samples.ts';

/** Some of a video's samples, which an encoder of their own makes. */
export interface Piece {
  /** The number of its first sample, and of the first one after it. */
  readonly from: number;
  readonly to: number;
}

/** Encoders that share the pictures of a video at most. Each needs memory of its own, and three gained nothing on two cores. */
export const MAX_PIECES = 2;
/** Pixels of a piece at least. In less time than they take, a second encoder hardly starts: 85 million in two pieces took 1.1 of the time of one. */
const MIN_PIXELS = 50_000_000;

/**
 * Divides the samples of a video, each of `pixels` pixels, into pieces for as many encoders. A piece begins with another picture than the
 * one before ended with, and has an even number of samples, so that two keyframes that follow each other never have the same number. Pure.
 */
export function planPieces(samples: readonly Sample[], pixels: number, encoders: number): Piece[] {
  const count = Math.max(1, Math.min(encoders, Math.floor((samples.length * pixels) / MIN_PIXELS)));
  const starts = [0];
  for (let n = 1; n < count; n++) {
    let start = 2 * Math.round((samples.length * n) / count / 2);
    while (start < samples.length && samples[start]!.picture === samples[start - 1]?.picture) start += 2;
    if (start > starts.at(-1)! && start < samples.length) starts.push(start);
  }
  return starts.map((from, n) => ({ from, to: starts[n + 1] ?? samples.length }));
}
