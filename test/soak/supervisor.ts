import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceProcess, startServiceProcess } from '../rig/service-process.ts';

/** Keeps the service running as systemd does: it starts it again a second after each end. */
export interface Supervisor {
  readonly pid: () => number | undefined;
  /** Ends of the process that nobody asked for. */
  readonly exits: () => number;
  /** The last lines of the log. */
  readonly log: () => readonly string[];
  /** Ends the process; the next one starts by itself. */
  stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Ends it for good, and gives its exit code. */
  end(): Promise<number | null>;
}

const RESTART_MS = 1000;
const LINES = 100;

export function supervise(env: NodeJS.ProcessEnv, onLog: (line: string) => void): Supervisor {
  const lines: string[] = [];
  let running: ServiceProcess | undefined;
  let isWanted = true;
  let exits = 0;
  let asked: ServiceProcess | undefined;
  const onLine = (line: string) => {
    onLog(line);
    lines.push(line);
    if (lines.length > LINES) lines.shift();
  };
  const loop = async () => {
    while (isWanted) {
      running = startServiceProcess(env, onLine);
      const mine = running;
      const code = await mine.ended;
      if (asked !== mine) {
        exits += 1;
        onLine(`the service ended by itself with ${code}`);
      }
      await delay(RESTART_MS);
    }
  };
  void loop();
  const stop = async (signal: 'SIGKILL' | 'SIGTERM') => {
    asked = running;
    return (await running?.stop(signal)) ?? null;
  };
  return {
    pid: () => running?.pid,
    exits: () => exits,
    log: () => lines,
    stop: async (signal) => void (await stop(signal)),
    end: () => {
      isWanted = false;
      return stop('SIGTERM');
    },
  };
}
