import { DEFAULT_LIMITS, type Limits } from '../../service/bake/limits.ts';
import { DIRECTORIES, FILES } from './hostile/archives.ts';
import { BYTES } from './hostile/bytes.ts';
import type { HostileTape } from './hostile/case.ts';
import { FRAMES, TIMINGS } from './hostile/contents.ts';
import { ENTRIES } from './hostile/entries.ts';

export type { HostileTape } from './hostile/case.ts';

/** Every kind of tape that must be refused, each with the code that says why. */
export const HOSTILE_TAPES: readonly HostileTape[] = [
  ...FILES,
  ...DIRECTORIES,
  ...ENTRIES,
  ...BYTES,
  ...FRAMES,
  ...TIMINGS,
];

/** The limits a hostile tape is to be opened with. */
export function limitsOf({ limits }: HostileTape): Limits {
  return { ...DEFAULT_LIMITS, ...limits };
}
