import { Command, InvalidArgumentError } from 'commander';
import { CommandError, USAGE } from './error.ts';
import { hasFilters, withFilters } from './filters.ts';
import type { Change } from './many-run.ts';

const ENVIRONMENT = `
Environment:
  OVEN_URL         address of the service (http://127.0.0.1:3000 when not set)
  CALLBACK_SECRET  a secret that the service accepts; the first of a comma-separated list`;
const EXIT = `
Exit status: 0 done; 1 it could not be done, with one line that says why; 2 wrong usage.`;

/** The commands for a running service. The code that carries them out is loaded when one of them runs. */
export function serviceCommands(): Command[] {
  return [
    command('status', 'show how a job, or the service itself, is doing')
      .description('Shows how far a job is, or how it ended; without JOB, whether the service is healthy.')
      .argument('[JOB]', 'the jobId that POST /bake answered')
      .addHelpText(
        'after',
        examples('oven status', 'oven status 0f343b0931126a20f133d67c2b018a3b --json | jq .status'),
      )
      .action(async (job: string | undefined, options) => (await load()).showStatus(job, options)),
    jobCommand('retry', 'try a failed job again', 'Tries a failed job again, whatever it failed for.'),
    jobCommand(
      'cancel',
      'stop a job',
      'Stops a job, or takes it out of the queue; its callback tells of a failure.',
    ),
    jobCommand(
      'replay',
      'send a callback again',
      'Sends the callback of a job that has ended again, under the same webhook-id.',
    ),
    withFilters(command('jobs', 'list jobs, or find them'))
      .description('Lists jobs, the newest first, as a table as wide as the terminal.')
      .option('--limit <N>', 'so many jobs at most', parseCount, 50)
      .addHelpText(
        'after',
        examples('oven jobs --status failed --since 24h', 'oven jobs --error STORAGE_REFUSED --json'),
      )
      .action(async (options) => (await import('./jobs-run.ts')).showJobs(options)),
    command('show', 'show all that is known of a job')
      .description(
        'Shows a job: the causes of its failure, the last lines of the encoder, the attempts of its callback.',
      )
      .argument('<JOB>', 'a jobId, or the slug of a tape, whose newest job is shown')
      .addHelpText(
        'after',
        examples('oven show 0f343b0931126a20f133d67c2b018a3b', 'oven show 2026.11.24.10.30.00.123'),
      )
      .action(async (job: string, options) => (await import('./jobs-run.ts')).showJob(job, options)),
    withFilters(command('rebake', 'bake many tapes again, behind all others'))
      .description(
        'Bakes the tapes of a list, or those of the jobs that match, again: behind every other tape, a few at a time, and without publishing them. After Ctrl-C the same command goes on where it was.',
      )
      .option(
        '--list <FILE>',
        'a JSON object a line: mongoId, slug, zipUrl, callbackUrl, and what else POST /bake takes',
      )
      .option('--publish', 'have the receivers publish the videos')
      .option('--in-flight <N>', 'so many at a time', parseCount, 10)
      .option('--dry-run', 'only say what would be baked')
      .option('--yes', 'do not ask')
      .addHelpText(
        'after',
        examples(
          'oven rebake --list tapes.jsonl --dry-run',
          'oven rebake --list tapes.jsonl',
          'oven rebake --error VERIFY_FAILED --since 7d',
        ),
      )
      .action(async (options) => (await import('./rebake-run.ts')).rebake(options)),
    command('purge', 'remove all there is of a tape')
      .description('Removes a tape that was taken down: stored files, thumbnail, history, queued work.')
      .argument('<SLUG>', 'name of the tape')
      .addHelpText('after', examples('oven purge 2026.11.24.10.30.00.123'))
      .action(async (slug: string, options) => (await load()).purge(slug, options)),
    command('drain', 'have a host take no more tapes, and wait until it has nothing to do')
      .description(
        `Has the host that OVEN_URL names refuse tapes, also after a restart, until --off. A single host bakes and delivers what it took. One of several
leaves what waits to the others, and is waited for until its own bakes and deliveries have ended. With --all no host takes tapes, and all finish what is left.`,
      )
      .option('--all', 'drain every host of the queue; it ends an hour after the last such command')
      .option('--off', 'have it take tapes again; ends a drain of all hosts as well')
      .option('--no-wait', 'do not wait')
      .option('--timeout <SECONDS>', 'fail when it has still something to do after so long', parseSeconds)
      .addHelpText(
        'after',
        examples('oven drain --timeout 600 && reboot', 'oven drain --off', 'oven drain --all'),
      )
      .action(async (options) => (await load()).drain(options)),
  ];
}

function command(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .option('--json', 'print the answer as one JSON object, and nothing else')
    .addHelpText('after', `${ENVIRONMENT}\n${EXIT}`);
}

function jobCommand(name: Change, summary: string, description: string): Command {
  return withFilters(command(name, summary))
    .description(`${description} With --all, it does so to every job that matches.`)
    .argument('[JOB]', 'the jobId that POST /bake answered')
    .option('--all', 'all jobs that match the filters')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(`oven ${name} 0f343b0931126a20f133d67c2b018a3b`, `oven ${name} --all --since 24h`),
    )
    .action(async (job: string | undefined, { all, ...options }) => {
      if ((job === undefined) !== (all === true) || (job !== undefined && hasFilters(options))) {
        throw new CommandError(`${name} wants a JOB, or --all and filters`, USAGE);
      }
      if (job === undefined) await (await import('./many-run.ts')).changeMany(name, options);
      else await (await load()).changeJob(name, job, options);
    });
}

function load() {
  return import('./service-run.ts');
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('It is a whole number from 1 on.');
  return count;
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (value.trim() === '' || !(seconds >= 0)) throw new InvalidArgumentError('It is a number of seconds.');
  return seconds;
}
