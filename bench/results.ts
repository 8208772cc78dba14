import type { Contender } from './contenders.ts';
import type { Fidelity } from './fidelity.ts';
import type { Times } from './measure.ts';
import { median, pairwiseRatio } from './statistics.ts';
import type { TimingErrors } from './timing.ts';

/** The quality of one finished bake, from an untimed run. */
export interface Quality extends Fidelity {
  bytes: number;
  width: number;
  height: number;
  timing: TimingErrors;
  rssMiB: number;
  pssMiB: number;
  /** The settings that Oven chose for the content. */
  settings?: string;
}

/** All measurements of a tape. A list of times has an entry for each round. */
export interface TapeResult {
  tape: string;
  kind: string;
  /** Who compressed its pictures. */
  png: string;
  frames: number;
  uniqueFrames: number;
  /** Pixels of the tape. */
  width: number;
  times: Record<Contender, Times[]>;
  /** Undefined where only times are measured. */
  quality: Record<'oven' | 'plain', Quality> | undefined;
}

/** A summary of the times of a tape. Seconds are medians. The floor is undefined where none was measured. */
export interface Summary {
  oven: number;
  plain: number;
  floor: number | undefined;
  ovenCpu: number;
  plainCpu: number;
  against: number | undefined;
  againstCpu: number | undefined;
  /** Oven's CPU divided by that of the other checkout. */
  cpuRatio: number | undefined;
  /** The plain recipe's median divided by Oven's. */
  ratio: number;
  /** The median of the ratios of each round. */
  pairwise: number;
  /** Seconds that the target allows above this floor. */
  allowed: number | undefined;
}

/** The target: total time is at most FLOORS floors and START_SECONDS. */
const FLOORS = 1.3;
const START_SECONDS = 0.3;

/** Summarises the rounds of a tape. */
export function summarise({ times: { oven, plain, floor, against } }: Pick<TapeResult, 'times'>): Summary {
  const seconds = (list: readonly Times[]) => list.map((times) => times.seconds);
  const cpu = (list: readonly Times[]) => median(list.map(({ cpuSeconds }) => cpuSeconds));
  const floorSeconds = floor.length > 0 ? median(seconds(floor)) : undefined;
  return {
    oven: median(seconds(oven)),
    plain: median(seconds(plain)),
    floor: floorSeconds,
    ovenCpu: cpu(oven),
    plainCpu: cpu(plain),
    against: against.length > 0 ? median(seconds(against)) : undefined,
    againstCpu: against.length > 0 ? cpu(against) : undefined,
    cpuRatio: against.length > 0 ? cpu(oven) / cpu(against) : undefined,
    ratio: median(seconds(plain)) / median(seconds(oven)),
    pairwise: pairwiseRatio(seconds(plain), seconds(oven)),
    allowed: floorSeconds === undefined ? undefined : FLOORS * floorSeconds + START_SECONDS,
  };
}
