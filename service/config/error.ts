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
