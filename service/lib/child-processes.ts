/** What holds for every child process: ffmpeg in all its uses, and the image process. */
import { setPriority } from 'node:os';

/** Lowers the priority of a process to `niceness`: 0 to 19, as `nice` counts. The threads that it starts later inherit it. */
export function lowerPriority(pid: number, niceness: number): void {
  if (niceness === 0) return;
  ignoreEnded(() => setPriority(pid, niceness));
}

/** Kills the processes of a group, which has the id of the process that began it. No signal but this one is certain to end them. */
export function killGroup(pid: number): void {
  ignoreEnded(() => process.kill(-pid, 'SIGKILL'));
}

/** The process may have ended by itself, and its exit event be still to come. */
function ignoreEnded(act: () => void): void {
  try {
    act();
  } catch {
    // it has ended
  }
}
