import { seeded } from '../tapes/random.ts';
import { type HeldStage, STAGES } from './holds.ts';

/** What is killed. */
export type Victim = 'service' | 'redis' | 'both';

/** One kill: while a tape is held in a stage, when it is accepted or its callback is answered, or so many milliseconds later. */
export interface Kill {
  readonly victim: Victim;
  readonly at: HeldStage | 'accepted' | 'answered' | number;
}

export const MOMENTS = ['accepted', ...STAGES, 'answered'] as const;

/** The kills of a long run: the service three times at each moment, Redis and both once, and some at random. */
export function longPlan(seed: number): Kill[] {
  const service = repeat(3, MOMENTS, 'service');
  return [
    ...service,
    ...repeat(1, MOMENTS, 'redis'),
    ...repeat(1, ['encode', 'callback'], 'both'),
    ...anyTime(8, seed),
  ];
}

/** The kills of a short run: the service in each stage, Redis in two. */
export function shortPlan(seed: number): Kill[] {
  return [
    ...repeat(1, STAGES, 'service'),
    ...repeat(1, ['accepted', 'encode'], 'redis'),
    ...anyTime(1, seed),
  ];
}

function repeat(times: number, moments: readonly Kill['at'][], victim: Victim): Kill[] {
  return Array.from({ length: times }, () => moments.map((at) => ({ victim, at }))).flat();
}

function anyTime(count: number, seed: number): Kill[] {
  const random = seeded(seed);
  const victims = ['service', 'service', 'redis', 'both'] as const;
  return Array.from({ length: count }, () => ({
    victim: victims[Math.floor(random() * victims.length)] ?? 'service',
    at: Math.round(200 + random() * 3000),
  }));
}
