import * as pulumi from '@pulumi/pulumi';

/** What stands in the way; `certain` when no second look would tell otherwise. */
export interface Obstacle {
  readonly what: string;
  readonly certain: boolean;
}

/** What a look at something came to. */
export interface Look<T> {
  readonly found: T;
  readonly obstacle?: Obstacle | undefined;
}

/**
 * Throws a RunError with everything that stands in the way. A preview goes on where something merely could not be looked at, so that it
 * works with no account, and says what it took for granted.
 */
export function report(obstacles: readonly Obstacle[]): void {
  const fatal = obstacles.filter(({ certain }) => certain || !pulumi.runtime.isDryRun());
  for (const { what } of obstacles.filter((obstacle) => !fatal.includes(obstacle)))
    void pulumi.log.warn(what);
  if (fatal.length > 0) {
    throw new pulumi.RunError(`Nothing was changed:\n${fatal.map(({ what }) => `  - ${what}`).join('\n')}`);
  }
}

/** The last line of a provider's error says why; what is before it names Pulumi's own functions. */
export function reason(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return (lines.at(-1) ?? '').replace(/^[\s*]+/, '').slice(0, 300);
}
