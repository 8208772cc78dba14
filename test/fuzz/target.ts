import { type Random, seeded } from '../tapes/random.ts';

/** One part of Oven that is given odd inputs. */
export interface Target {
  /** The input of the number `n`, which depends on nothing but these. */
  make(random: Random, n: number): Buffer;
  /** Milliseconds that one input may take: after that it counts as a hang. */
  readonly deadlineMs: number;
  /** Inputs that are tried at once in one process. */
  readonly lanes?: number;
  /** Whether one process tries all inputs, since they share what they are tried on. */
  readonly alone?: boolean;
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Tries an input, and gives its outcome in a word, such as an error's code. Whatever it throws is a finding. */
  run(input: Buffer): Promise<string>;
  /** Ends it, and gives figures to print. Whatever it throws is a finding. */
  close(): Promise<readonly string[]>;
}

/** A finding that is no thrown error of Oven's. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** The target that a module exports, by the module's URL. */
export async function load(module: string): Promise<Target> {
  return ((await import(module)) as { target: Target }).target;
}

/** The input of this number. It depends on nothing but the seed and the number, so each can be made again alone. */
export function inputOf(target: Target, seed: number, n: number): Buffer {
  return target.make(seeded(Math.imul(seed, 0x9e3779b1) ^ n), n);
}
