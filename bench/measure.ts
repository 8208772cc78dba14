import { execa } from 'execa';

/** A program with its arguments, the program first. */
export type Command = readonly [program: string, ...args: string[]];

/** The times of one whole run of a command, in seconds. CPU is user and system time of the command and its descendants. */
export interface Times {
  seconds: number;
  cpuSeconds: number;
}

// bash's `time` counts every descendant that was waited for, and needs no GNU time. Its line goes to descriptor 3.
const TIMED = `TIMEFORMAT='%3R %3U %3S'; { time "$@" 2>&4 3>&- 4>&- ; } 4>&2 2>&3`;

/** Runs a command to its end, unobserved. Throws an error with its stderr where the command fails. */
export async function timeCommand(
  command: Command,
  env: Readonly<Record<string, string>> = {},
): Promise<Times> {
  const { stdio } = await execa('bash', ['-c', TIMED, 'bench', ...command], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env,
  });
  return parseTimes(String(stdio[3]));
}

/** Reads the line that bash writes for `timeCommand`: elapsed, user and system seconds. */
export function parseTimes(line: string): Times {
  const [seconds, user, system] = line.trim().split(' ').map(Number);
  if (seconds === undefined || user === undefined || system === undefined || Number.isNaN(seconds + user)) {
    throw new Error(`bash's time wrote a line that can't be read: ${line}`);
  }
  return { seconds, cpuSeconds: user + system };
}

/** The same command, bound to the machine's first core. */
export function pinned(command: Command): Command {
  return ['taskset', '-c', '0', ...command];
}
