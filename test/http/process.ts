import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../rig/until.ts';

const MAIN = fileURLToPath(new URL('../../service/main.ts', import.meta.url));

/** The service in its own process. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Its lines on standard output and error. */
  readonly lines: string[];
  /** The URL that it logs when it listens; rejects if it ends before. */
  url(): Promise<string>;
  said(message: string): boolean;
  /** Its exit code, or the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals | null>;
  /** Ends it by SIGKILL if it still runs. */
  kill(): Promise<void>;
}

export interface ProcessOptions {
  readonly args?: readonly string[];
  /** A descriptor of this process that becomes its number 3, as with systemd. */
  readonly socket?: number;
}

/** Starts `node service/main.ts` with this environment only. */
export function startProcess(env: NodeJS.ProcessEnv, options: ProcessOptions = {}): ServiceProcess {
  const { args = [], socket } = options;
  // Only the process itself knows its number before it is Node.
  const script = 'test "$LISTEN_PID" || export LISTEN_PID=$$; exec "$@"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', process.execPath, MAIN, ...args], {
    env: { ...env, ...(socket !== undefined && { LISTEN_FDS: '1' }) },
    stdio: ['ignore', 'pipe', 'pipe', ...(socket === undefined ? [] : [socket])],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const exit = once(child, 'close');
  const said = (message: string) => lines.some((line) => line.includes(`"msg":"${message}"`));
  const ended = async () => {
    await exit;
    return child.exitCode ?? child.signalCode;
  };
  return {
    child,
    lines,
    said,
    ended,
    url: () =>
      until('the service listens', () => {
        if (isOver()) return `It ended:\n${lines.join('\n')}`;
        const line = lines.find((one) => one.includes('"msg":"listening"'));
        return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url;
      }),
    kill: async () => {
      if (!isOver()) child.kill('SIGKILL');
      await ended();
    },
  };
}
