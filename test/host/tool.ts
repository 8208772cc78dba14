import { spawnSync } from 'node:child_process';

/** Whether a program is there; tests that need one that is not are skipped and say so. */
export function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Runs a checking program and gives its exit code and all that it printed. */
export function check(
  program: string,
  args: readonly string[],
  input = '',
): { code: number | null; text: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    input,
    timeout: 30_000,
  });
  if (error) throw error;
  return { code: status, text: stdout + stderr };
}
