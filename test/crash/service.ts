import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../service/main.ts', import.meta.url));
const PRELOAD = new URL('preload.ts', import.meta.url).href;

/** The real service in a process of its own, which is started and killed many times. */
export interface ServiceRig {
  /** Where it answers now. */
  readonly url: () => string;
  start(): Promise<void>;
  /** kill -9 of the process, and of what it has started, as systemd does with what a dead service leaves. */
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code. */
  end(): Promise<number | null>;
  /** The last lines it logged. */
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
      process.kill(-ending.pid, 'SIGKILL'); // its group: it was started as the leader of one
    } catch {
      // There was nobody left.
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
        ...{ env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
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
