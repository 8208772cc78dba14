import { join, resolve } from 'node:path';
import { execa, type Options } from 'execa';
import type { Scratch } from '../bake/scratch.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/oven.js');

/** The command as a shell would run it. */
export const OVEN = [process.execPath, PROGRAM] as const;

/** How a run of `oven` ended. */
interface Outcome {
  /** Undefined where a signal ended the run. */
  readonly exitCode?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of `oven` that has not ended. */
interface Running extends Promise<Outcome> {
  readonly pid?: number;
  readonly kill: (signal: NodeJS.Signals) => boolean;
}

/** Starts `oven` in the scratch folder `out`; its working files go to `temp`. */
export function startOven({ out, temp }: Scratch, args: readonly string[], options: Options = {}): Running {
  const env = { TEMP_DIR: temp, NO_COLOR: '1', ...options.env };
  const [node, program] = OVEN;
  const whole = { cwd: out, stdin: 'ignore', ...options, env, reject: false } as const;
  return execa(node, [program, ...args], whole) as unknown as Running;
}

/** Runs `oven` to its end. */
export function oven(folders: Scratch, ...args: readonly string[]): Promise<Outcome> {
  return startOven(folders, args);
}

/** A PATH on which programs of the scratch folder `bin` come first. */
export function pathWith({ root }: Scratch): string {
  return `${join(root, 'bin')}:${process.env.PATH}`;
}
