import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../service/main.ts', import.meta.url));
const PRELOAD = new URL('preload.ts', import.meta.url).href;

/** The real service in a process of its own, for many starts and kills. */
export interface ServiceRig {
  /** Its URL since the last start. */
  readonly url: () => string;
  start(): Promise<void>;
  /** Kills the process with its children by SIGKILL, as systemd kills the rest of a dead service. */
  kill(): Promise<void>;
  /** Sends SIGTERM, and returns the exit code. */
  end(): Promise<number | null>;
  /** The last lines of its log. */
  readonly log: () => readonly string[];
}

export function serviceRig(env: NodeJS.ProcessEnv): ServiceRig {
  let child: ChildProcess | undefined;
  let url = '';
  const lines: string[] = [];

  const stop = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const ending = child;
    child = undefined;
    if (ending?.pid === undefined) return null;
    if (ending.exitCode === null && ending.signalCode === null) {
      const exit = once(ending, 'exit');
      ending.kill(signal);
      await exit;
    }
    try {
      process.kill(-ending.pid, 'SIGKILL'); // its process group
    } catch {
      // no process was left
    }
    return ending.exitCode;
  };
  return {
    url: () => url,
    log: () => lines.slice(-40),
    kill: async () => void (await stop('SIGKILL')),
    end: () => stop('SIGTERM'),
    start: async () => {
      const started = spawn(process.execPath, ['--import', PRELOAD, MAIN], {
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      const listening = Promise.withResolvers<string>();
      const read = (line: string) => {
        lines.push(line);
        if (lines.length > 400) lines.shift();
        const said = line.includes('"msg":"listening"') && (JSON.parse(line) as { url: string });
        if (said) listening.resolve(said.url);
      };
      for (const stream of [started.stdout!, started.stderr!]) createInterface(stream).on('line', read);
      started.once('exit', () => listening.reject(new Error(`The service ended:\n${lines.join('\n')}`)));
      url = await listening.promise;
    },
  };
}
