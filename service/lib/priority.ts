import { setPriority } from 'node:os';

/** Lowers the priority of a process to `niceness`: 0 to 19, as `nice` counts. The threads that it starts later inherit it. */
export function lowerPriority(pid: number, niceness: number): void {
  if (niceness === 0) return;
  try {
    setPriority(pid, niceness);
  } catch {
    // The process has ended already.
  }
}
