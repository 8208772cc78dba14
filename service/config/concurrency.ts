import { availableParallelism, totalmem } from 'node:os';

/** What the number of bakes at once depends on. */
export interface Machine {
  readonly cores: number;
  /** MB, of which a million bytes each. */
  readonly memoryMb: number;
}

const RESERVED_MB = 400; // system, Redis and the service itself
const BAKE_MB = 300;
const MOST = 3;

/** How many bakes this machine is good for: as many as cores, one per 300 MB beyond 400 MB, 1 to 3. */
export function autoConcurrency({ cores, memoryMb }: Machine): number {
  const byMemory = Math.floor((memoryMb - RESERVED_MB) / BAKE_MB);
  return Math.max(1, Math.min(cores, byMemory, MOST));
}

/** The machine as this process may use it: a container's limits count. */
export function thisMachine(): Machine {
  const limit = process.constrainedMemory(); // 0, or beyond any machine, where there is none
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { cores: availableParallelism(), memoryMb: bytes / 1e6 };
}
