/** Exit codes: 0 done, 1 it failed, 2 the command line or the environment makes no sense. */
export const FAILED = 1;
export const USAGE = 2;

/** What a command ends with when something is wrong that was thought of: one line, and an exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = FAILED, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
