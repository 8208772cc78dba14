import { execa } from 'execa';

/** A program with its arguments, the program first. */
export type Command = readonly [program: string, ...args: string[]];

/** What one whole run of a command took. CPU is user and system time of it and of all that it started, in seconds. */
export interface Times {
  seconds: number;
  cpuSeconds: number;
}

// bash's own `time` counts every descendant that was waited for, and is where GNU time is not. Its line goes to fd 3.
const TIMED = `TIMEFORMAT='%3R %3U %3S'; { time "$@" 2>&4 3>&- 4>&- ; } 4>&2 2>&3`;

/** Runs a command to its end with nothing watching it. Throws with its stderr where it fails. */
export async function timeCommand(command: Command): Promise<Times> {
  const { stdio } = await execa('bash', ['-c', TIMED, 'bench', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  return parseTimes(String(stdio[3]));
}

/** Reads the line that `timeCommand` has bash write: elapsed, user and system seconds. */
export function parseTimes(line: string): Times {
  const [seconds, user, system] = line.trim().split(' ').map(Number);
  if (seconds === undefined || user === undefined || system === undefined || Number.isNaN(seconds + user)) {
    throw new Error(`bash's time wrote what can't be read: ${line}`);
  }
  return { seconds, cpuSeconds: user + system };
}

/** The same command, kept on the machine's first core. */
export function pinned(command: Command): Command {
  return ['taskset', '-c', '0', ...command];
}
