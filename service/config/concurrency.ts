import { availableParallelism, totalmem } from 'node:os';

/**
 * The memory of a host in MiB, as measured at the worst moment (docs/evidence.md). The number of bakes at once, the limit of Redis and a test of the
 * service's unit follow from it.
 */
export const MEMORY_MIB = {
  /** The kernel, systemd, SSH and the log. */
  system: 150,
  /** Redis when it is full. */
  redis: 340,
  /** What Redis may hold then (`maxmemory`): the waiting tapes and the history. */
  redisData: 256,
  caddy: 48,
  /** The service without a bake. */
  service: 112,
  /** What one bake adds: encoder, image process, and what the service holds for them. `npm run bench:memory` has the worst tapes. */
  bake: 288,
};
const MAX_BAKES = 3;

/** Memory in MiB that is taken before any bake. */
export const RESERVED_MIB = MEMORY_MIB.system + MEMORY_MIB.redis + MEMORY_MIB.caddy + MEMORY_MIB.service;

/** The machine, as far as the number of bakes at once depends on it. */
export interface Machine {
  readonly cores: number;
  readonly memoryMiB: number;
}

/** The number of bakes that a machine runs at once: one for each core, as far as its memory suffices, 1 to 3. */
export function autoConcurrency({ cores, memoryMiB }: Machine): number {
  const byMemory = Math.floor((memoryMiB - RESERVED_MIB) / MEMORY_MIB.bake);
  return Math.max(1, Math.min(cores, byMemory, MAX_BAKES));
}

/** The part of the machine that this process may use; the limits of a container count. */
export function thisMachine(): Machine {
  const limit = process.constrainedMemory(); // 0, or more than any machine has, where there is no limit
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { cores: availableParallelism(), memoryMiB: bytes / (1024 * 1024) };
}
