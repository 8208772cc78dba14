import { availableParallelism, totalmem } from 'node:os';

/** The machine, as far as the number of bakes at once depends on it. */
export interface Machine {
  readonly cores: number;
  /** In MB of a million bytes. */
  readonly memoryMb: number;
}

const RESERVED_MB = 400; // the system, Redis and the service
const BAKE_MB = 300;
const MAX_BAKES = 3;

/** The number of bakes that a machine runs at once: one for each core, one for each 300 MB beyond 400 MB, 1 to 3. */
export function autoConcurrency({ cores, memoryMb }: Machine): number {
  const byMemory = Math.floor((memoryMb - RESERVED_MB) / BAKE_MB);
  return Math.max(1, Math.min(cores, byMemory, MAX_BAKES));
}

/** The part of the machine that this process may use; the limits of a container count. */
export function thisMachine(): Machine {
  const limit = process.constrainedMemory(); // 0, or more than any machine has, where there is no limit
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { cores: availableParallelism(), memoryMb: bytes / 1e6 };
}
