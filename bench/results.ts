import type { Fidelity } from './fidelity.ts';
import type { Times } from './measure.ts';
import { median, pairwiseRatio } from './statistics.ts';
import type { TimingErrors } from './timing.ts';

/** What one finished bake is like, from an untimed run. */
export interface Quality extends Fidelity {
  bytes: number;
  width: number;
  height: number;
  timing: TimingErrors;
  rssMiB: number;
  pssMiB: number;
}

/** Everything measured of a tape; a list of times has an entry for each round. */
export interface TapeResult {
  tape: string;
  frames: number;
  uniqueFrames: number;
  times: Record<'oven' | 'plain' | 'floor', Times[]>;
  /** Missing where only times were asked for. */
  quality: Record<'oven' | 'plain', Quality> | undefined;
}

/** What the times of a tape come to. Seconds are medians; the floor is missing where none could be made. */
export interface Summary {
  oven: number;
  plain: number;
  floor: number | undefined;
  ovenCpu: number;
  plainCpu: number;
  /** How many times Oven is as fast as the plain recipe: ratio of the medians. */
  ratio: number;
  /** The same from the ratios of each round. */
  pairwise: number;
  /** Seconds that the target allows above this floor. */
  allowed: number | undefined;
}

/** Total time is at most so many floors and so many seconds. */
const FLOORS = 1.3;
const START_SECONDS = 0.3;

/** Boils the rounds of a tape down. */
export function summarise({ times: { oven, plain, floor } }: Pick<TapeResult, 'times'>): Summary {
  const seconds = (list: readonly Times[]) => list.map((times) => times.seconds);
  const cpu = (list: readonly Times[]) => median(list.map(({ cpuSeconds }) => cpuSeconds));
  const floorSeconds = floor.length > 0 ? median(seconds(floor)) : undefined;
  return {
    oven: median(seconds(oven)),
    plain: median(seconds(plain)),
    floor: floorSeconds,
    ovenCpu: cpu(oven),
    plainCpu: cpu(plain),
    ratio: median(seconds(plain)) / median(seconds(oven)),
    pairwise: pairwiseRatio(seconds(plain), seconds(oven)),
    allowed: floorSeconds === undefined ? undefined : FLOORS * floorSeconds + START_SECONDS,
  };
}
