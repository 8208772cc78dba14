import * as pulumi from '@pulumi/pulumi';

/** A reason not to deploy. It is not `certain` when a service did not answer. */
export interface Problem {
  readonly what: string;
  readonly certain: boolean;
}

/** The result of a lookup, and the problem when it failed. */
export interface Lookup<T> {
  readonly found: T;
  readonly problem?: Problem | undefined;
}

/**
 * Throws a RunError with every problem. A preview only warns of an uncertain problem, so it works without an account.
 */
export function reportProblems(problems: readonly Problem[]): void {
  const fatal = problems.filter(({ certain }) => certain || !pulumi.runtime.isDryRun());
  for (const { what } of problems.filter((problem) => !fatal.includes(problem))) void pulumi.log.warn(what);
  if (fatal.length > 0) {
    throw new pulumi.RunError(`Nothing was changed:\n${fatal.map(({ what }) => `  - ${what}`).join('\n')}`);
  }
}

/** The last line of a provider's error gives the reason. The lines before it name Pulumi's own functions. */
export function lastLineOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return (lines.at(-1) ?? '').replace(/^[\s*]+/, '').slice(0, 300);
}
