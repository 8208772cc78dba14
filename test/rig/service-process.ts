import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../service/node-flags.ts';

const MAIN = fileURLToPath(new URL('../../service/main.ts', import.meta.url));

/** The real service in a process of its own. */
export interface ServiceProcess {
  readonly pid: number;
  /** Resolves when it has ended: with its exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  /** Sends a signal to the service, and SIGKILL to its children after its end, as systemd kills the rest of a dead service. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/** Starts it with this environment, and with Node's options and environment as on a host. Node loads `imports` before the service's own code; `onLine` gets each line of its output. */
export function startServiceProcess(
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
  imports: readonly string[] = [],
): ServiceProcess {
  const args = [...NODE_FLAGS, ...imports.flatMap((url) => ['--import', url])];
  return spawnService([process.execPath, ...args], { ...NODE_ENVIRONMENT, ...env }, onLine);
}

/** Starts it by a command that ends with Node and its options, with this environment. */
export function spawnService(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): ServiceProcess {
  const child = spawn(program, [...args, MAIN], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) createInterface(stream).on('line', onLine);
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid!,
    ended,
    stop: async (signal) => {
      child.kill(signal);
      const code = await ended;
      try {
        process.kill(-child.pid!, 'SIGKILL'); // its process group
      } catch {
        // no process was left
      }
      return code;
    },
  };
}
