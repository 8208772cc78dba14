import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { readRelease } from '../service/lib/release.ts';
import { alertCommand } from './alert.ts';
import { bakeCommand } from './bake.ts';
import { CommandError, USAGE } from './error.ts';
import { serviceCommands } from './service.ts';

/** Parses the command line, runs the command and sets the exit code. Prints every error; throws none. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('oven')
    .version(version(), '--version', 'print the version and the release')
    .description('Turns tapes of aesthetic.computer into MP4 videos and thumbnails.')
    .configureHelp({ helpWidth: Math.min(100, process.stdout.columns ?? 100) })
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));
  for (const command of [bakeCommand(), ...serviceCommands(), alertCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(argv);
  } catch (error) {
    const expected = error instanceof CommandError;
    process.stderr.write(`oven: ${expected ? error.message : `internal error: ${describe(error)}`}\n`);
    process.exitCode = expected ? error.exitCode : 1;
  }
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return `oven ${version}, release ${readRelease()}`;
}

/** Commander's message, and its hint at a similar name, on one line. */
function usageLine(text: string): string {
  const line = text
    .trim()
    .replace(/^error:/, 'oven:')
    .replaceAll('\n', ' ');
  return `${line} (oven --help says more)\n`;
}

/** A bug in one line, or with its stack where DEBUG is set. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return process.env.DEBUG ? `${error.stack}` : error.message.split('\n', 1)[0]!;
}
