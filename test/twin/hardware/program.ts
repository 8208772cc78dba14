import { execa } from 'execa';
import type { Namespace } from '../net/namespace.ts';

/** A program that runs in a namespace. */
export interface Program {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Ends it, and resolves when it has ended. */
  end(): Promise<void>;
  /** The end of what it printed. */
  printed(): string;
}

/** Starts a program in a namespace; it ends with this process, however that ends. */
export function startIn(
  { name }: Namespace,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const within = ['netns', 'exec', name, 'setpriv', '--pdeathsig', 'KILL', file, ...args];
  const child = execa('ip', within, {
    ...({ env, stdin: 'ignore', all: true, buffer: false, reject: false } as const),
    forceKillAfterDelay: 3000,
  });
  let text = '';
  child.all.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-10_000);
  });
  return {
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    printed: () => text,
    end: async () => {
      child.kill();
      await child;
    },
  };
}
