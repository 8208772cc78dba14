import { Command, InvalidArgumentError } from 'commander';

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
    command('purge', 'remove all there is of a tape')
      .description('Removes a tape that was taken down: stored files, thumbnail, history, queued work.')
      .argument('<SLUG>', 'name of the tape')
      .addHelpText('after', examples('oven purge 2026.11.24.10.30.00.123'))
      .action(async (slug: string, options) => (await load()).purge(slug, options)),
    command('drain', 'have the service take no more tapes, and wait until it has nothing to do')
      .description(
        'Has the service refuse tapes, and waits until nothing is baked, waits, or is to be delivered. It goes on refusing until --off, or until it is restarted.',
      )
      .option('--off', 'have it take tapes again')
      .option('--no-wait', 'do not wait')
      .option('--timeout <SECONDS>', 'fail when it has still something to do after so long', parseSeconds)
      .addHelpText('after', examples('oven drain --timeout 600 && reboot', 'oven drain --off'))
      .action(async (options) => (await load()).drain(options)),
  ];
}

function command(name: string, summary: string): Command {
  return new Command(name)
    .summary(summary)
    .option('--json', 'print the answer as one JSON object, and nothing else')
    .addHelpText('after', `${ENVIRONMENT}\n${EXIT}`);
}

function jobCommand(name: 'retry' | 'cancel' | 'replay', summary: string, description: string): Command {
  return command(name, summary)
    .description(description)
    .argument('<JOB>', 'the jobId that POST /bake answered')
    .addHelpText('after', examples(`oven ${name} 0f343b0931126a20f133d67c2b018a3b`))
    .action(async (job: string, options) => (await load()).changeJob(name, job, options));
}

function load() {
  return import('./service-run.ts');
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (value.trim() === '' || !(seconds >= 0)) throw new InvalidArgumentError('It is a number of seconds.');
  return seconds;
}
