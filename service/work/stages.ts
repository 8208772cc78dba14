import type { Progress } from '../bake/stages.ts';
import type { Stage, StageProgress } from '../queue/job.ts';

/** Where each stage begins and ends in the progress of the whole: about as long as they take for an ordinary tape. */
const SHARES: Readonly<Record<Stage, readonly [number, number]>> = {
  downloading: [0, 0.1],
  opening: [0.1, 0.15],
  encoding: [0.15, 0.9],
  uploading: [0.9, 1],
};

/** How far the whole is when `part` (0 to 1) of a stage is done. */
export function overall(stage: Stage, part: number): StageProgress {
  const [from, to] = SHARES[stage];
  const within = Math.min(1, Math.max(0, part));
  return { stage, progress: Math.round((from + (to - from) * within) * 1000) / 1000 };
}

/** What the bake library's progress means for the whole. */
export function whileBaking({ stage, progress }: Progress): StageProgress {
  return stage === 'open' || stage === 'unpack' ? overall('opening', 0) : overall('encoding', progress);
}
