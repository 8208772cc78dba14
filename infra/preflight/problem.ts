import * as pulumi from '@pulumi/pulumi';

/** What stands in the way; `certain` when no second look would tell otherwise. */
export interface Problem {
  readonly what: string;
  readonly certain: boolean;
}

/** What a look at something came to. */
export interface Lookup<T> {
  readonly found: T;
  readonly problem?: Problem | undefined;
}

/**
 * Throws a RunError with everything that stands in the way. A preview goes on where something merely could not be looked at, so that it
 * works with no account, and says what it took for granted.
 */
export function reportProblems(problems: readonly Problem[]): void {
  const fatal = problems.filter(({ certain }) => certain || !pulumi.runtime.isDryRun());
  for (const { what } of problems.filter((problem) => !fatal.includes(problem))) void pulumi.log.warn(what);
  if (fatal.length > 0) {
    throw new pulumi.RunError(`Nothing was changed:\n${fatal.map(({ what }) => `  - ${what}`).join('\n')}`);
  }
}

/** The last line of a provider's error says why; what is before it names Pulumi's own functions. */
export function lastLineOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return (lines.at(-1) ?? '').replace(/^[\s*]+/, '').slice(0, 300);
}
