import { Command } from 'commander';

/** `oven alert`. The code that carries it out is loaded when it runs. */
export function alertCommand(): Command {
  return new Command('alert')
    .summary('tell the operator something')
    .description('Sends TEXT to the receiver of alerts, by itself: the service need not run.')
    .argument('[TEXT]', 'what to tell')
    .option('--test', 'send a test')
    .addHelpText(
      'after',
      `
Environment:
  ALERT_WEBHOOK_URL   the receiver: a webhook of Discord or Slack, or any receiver of JSON
  ALERT_WEBHOOK_KIND  what it takes: auto (the default), discord, slack or json
  PUBLIC_URL          the dashboard that the alert names

Exit status: 0 sent; 1 the receiver did not take it, with one line that says why; 2 wrong usage.

Examples:
  oven alert --test
  oven alert 'The host reboots at noon.'`,
    )
    .action(async (text: string | undefined, options) => {
      await (await import('./alert-run.ts')).alert(text, options);
    });
}
