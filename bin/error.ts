/** Exit codes: 0 for success, 1 for a failure, 2 for a wrong command line or environment. */
export const FAILED = 1;
export const USAGE = 2;

/** An expected error: the command ends with this one line and the exit code. Any other error is a bug. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = FAILED, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
