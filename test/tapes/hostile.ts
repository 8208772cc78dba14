import { DEFAULT_LIMITS, type Limits } from '../../service/bake/limits.ts';
import { DIRECTORIES, FILES } from './hostile/archives.ts';
import { BYTES } from './hostile/bytes.ts';
import type { HostileTape } from './hostile/case.ts';
import { FRAMES, TIMINGS } from './hostile/contents.ts';
import { ENTRIES } from './hostile/entries.ts';

export type { HostileTape } from './hostile/case.ts';

/** All kinds of tapes that must be refused, with the code of each. */
export const HOSTILE_TAPES: readonly HostileTape[] = [
  ...FILES,
  ...DIRECTORIES,
  ...ENTRIES,
  ...BYTES,
  ...FRAMES,
  ...TIMINGS,
];

/** The limits with which a hostile tape is opened. */
export function limitsOf({ limits }: HostileTape): Limits {
  return { ...DEFAULT_LIMITS, ...limits };
}
