import { Command } from 'commander';
import { bakeCommand } from './bake.ts';

/** Exit codes: 0 done, 1 it failed, 2 the command line makes no sense. */
const USAGE = 2;

/** Parses the command line and runs what it asks for. Sets the exit code; throws nothing that is expected. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('oven')
    .description('Turns tapes of aesthetic.computer into MP4 videos and thumbnails.')
    .configureHelp({ helpWidth: Math.min(100, process.stdout.columns ?? 100) })
    .showHelpAfterError('(oven --help says more)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE));
  program.addCommand(bakeCommand().copyInheritedSettings(program));
  await program.parseAsync(argv);
}
