import { createInterface } from 'node:readline/promises';
import { CommandError, USAGE } from './error.ts';

/** Asks on the terminal before something is done to many jobs. Throws CommandError if the answer is not yes, or nobody can answer. */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new CommandError('there is no terminal to ask on: --yes does it without a question', USAGE);
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('nothing was done');
  } finally {
    lines.close();
  }
}

/** Aborts at Ctrl-C and SIGTERM; a second Ctrl-C ends the process. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}
