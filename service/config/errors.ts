import type { z } from 'zod';
import { MISSING } from './values.ts';

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

/** The problems that zod found. */
export function problemsOf(error: z.ZodError | undefined): Problem[] {
  return (error?.issues ?? []).map(({ path, message, code, ...issue }) => {
    const absent = code === 'invalid_type' && 'input' in issue && issue.input === undefined;
    return { name: String(path[0]), message: absent ? MISSING : message };
  });
}
