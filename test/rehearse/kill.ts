import { execaSync } from 'execa';

/**
 * SIGKILL to a process and all that it started, also those in groups of their own, as when a machine goes away: a group's signal would leave the
 * engine's plugins running.
 */
export function killTree(root: number): void {
  const { stdout } = execaSync('ps', ['-eo', 'pid=,ppid=']);
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const doomed = [root];
  // It grows while it is gone through.
  for (const parent of doomed) {
    for (const [pid, ppid] of rows) if (ppid === parent && pid !== undefined) doomed.push(pid);
  }
  for (const pid of doomed) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
