import type { z } from 'zod';
import { type Limits, toLimits } from '../bake/limits.ts';
import type { Scale } from '../bake/plan/size.ts';
import { BAKE_VARIABLES, type Variable } from './variables.ts';

/** What is wrong with one variable of the environment. The message never shows its value. */
export interface Problem {
  readonly name: string;
  readonly message: string;
}

/** All that is wrong with the environment: the service does not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ name, message }) => `${name} ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** The message for a variable that must be there; an empty one counts as missing. */
export const MISSING = 'is missing';

type Table = Readonly<Record<string, Variable>>;

/** What a table's variables are once they are read. */
export type Values<T extends Table> = {
  readonly [Name in keyof T]:
    | z.output<T[Name]['form']>
    | (T[Name] extends { default: string } | { required: true } ? never : undefined);
};

/** Reads the variables of a table. The values are complete only where there is no problem. */
export function readVariables<T extends Table>(
  table: T,
  env: NodeJS.ProcessEnv,
): { readonly values: Values<T>; readonly problems: readonly Problem[] } {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, variable] of Object.entries(table)) {
    const text = env[name]?.trim() || variable.default;
    if (text === undefined) {
      if (variable.required) problems.push({ name, message: MISSING });
      continue;
    }
    const parsed = variable.form.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else problems.push({ name, message: parsed.error.issues[0]!.message });
  }
  return { values: values as Values<T>, problems };
}

/** The limits and the scale of one bake, for the command line, which loads nothing else of the service. Throws ConfigError. */
export function readBakeVariables(env: NodeJS.ProcessEnv): {
  readonly limits: Limits;
  readonly scale: Scale;
} {
  const { values, problems } = readVariables(BAKE_VARIABLES, env);
  if (problems.length > 0) throw new ConfigError(problems);
  return { limits: toLimits(({ variable }) => values[variable]), scale: values.OUTPUT_SCALE };
}
