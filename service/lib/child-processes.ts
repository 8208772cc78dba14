/** What holds for every child process: ffmpeg in all its uses, and the image process. */
import type { ChildProcess } from 'node:child_process';
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

/** Groups that end with this process. The image process ends by itself with its channel to this one. */
const groups = new Set<number>();
process.on('exit', () => groups.forEach(killGroup));

/**
 * Kills the group that a child leads when the signal aborts, when this process exits, and, for what is left of it, when the child itself
 * ends. An abort also closes the child's streams, which a process outside of the group might hold open. A process that is ended by a
 * signal for which it has no listener does not exit in this sense.
 */
export function endGroupWith(child: ChildProcess, signal: AbortSignal): void {
  const pid = child.pid!;
  const abort = () => {
    killGroup(pid);
    for (const stream of child.stdio) stream?.destroy();
  };
  groups.add(pid);
  child.once('exit', () => {
    groups.delete(pid);
    killGroup(pid);
  });
  child.once('close', () => signal.removeEventListener('abort', abort));
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
}

/** The process may have ended by itself, and its exit event be still to come. */
function ignoreEnded(act: () => void): void {
  try {
    act();
  } catch {
    // it has ended
  }
}
