// npm run adopt -- [OPTIONS]: adopts documents that are older than Oven, and has their tapes baked. docs/netlify.md describes it.
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError } from 'commander';
import { adoptAll } from './lib/adopt/adopt.ts';
import { renderReport, toListLine } from './lib/adopt/report.ts';
import { select, WITHOUT_VIDEO } from './lib/adopt/select.ts';
import { undoAll } from './lib/adopt/undo.ts';
import { readConfig } from './lib/config.ts';
import { HttpError } from './lib/http.ts';
import { openServices } from './lib/services.ts';
import { connect, disconnect } from './lib/tapes/database.ts';
import type { Tape } from './lib/tapes/tape.ts';

interface Options {
  readonly since?: Date;
  readonly status: readonly string[];
  readonly limit?: number;
  readonly inFlight: number;
  readonly list?: string;
  readonly report?: string;
  readonly dryRun?: true;
  readonly publish?: true;
  readonly undo?: true;
  readonly yes?: true;
}

const command = new Command('adopt')
  .description(
    'Adopts documents that are older than Oven, and has their tapes baked: without publishing, unless told to.',
  )
  .option('--since <date>', 'only tapes from this day on, such as 2026-03-01', toDate)
  .option('--status <list>', 'only these statuses; none: a document without one', toList, WITHOUT_VIDEO)
  .option('--limit <n>', 'at most so many, the newest first', toNumber)
  .option('--in-flight <n>', 'at most so many at Oven at once', toNumber, 10)
  .option('--dry-run', 'reads only, and says what would be done')
  .option('--publish', 'also writes their records; and those of previews that were adopted before')
  .option('--list <file>', 'only adopts, and writes a list for oven rebake --list')
  .option('--report <file>', 'writes every document that is left alone, and why, as lines of JSON')
  .option('--undo', 'makes adopted documents what they were before, except published ones')
  .option('--yes', 'does not ask')
  .parse();

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

try {
  await run(command.opts<Options>());
} catch (error) {
  if (!stopped.signal.aborted && !(error instanceof HttpError)) throw error;
  console.error(
    `adopt: ${stopped.signal.aborted ? 'stopped before anything was adopted' : (error as Error).message}`,
  );
  process.exitCode = 1;
} finally {
  await disconnect();
}

async function run(options: Options): Promise<void> {
  const config = readConfig(process.env);
  const services = await openServices(config, (line) => {
    if (JSON.parse(line).level !== 'info') console.error(line);
  });
  const collection = (await connect(config.mongo.uri, config.mongo.name)).collection<Tape>('tapes');
  const { signal } = stopped;
  if (options.undo) {
    if (options.dryRun) throw new HttpError(400, 'USAGE', '--undo has no dry run.');
    if (
      !(await agrees(
        options,
        'Make all documents that were adopted here, except published ones, what they were before?',
      ))
    )
      return;
    return say('Undone', await undoAll(collection, signal));
  }
  const publish = options.publish === true;
  const wanted = {
    since: options.since,
    statuses: options.status,
    limit: options.limit ?? Number.POSITIVE_INFINITY,
    publish,
  };
  const { chosen, leftAlone } = await select({ collection, zips: services.zips }, wanted, signal);
  await writeLines(
    options.report,
    leftAlone.map((one) => JSON.stringify(one)),
  );
  console.log(renderReport(chosen.length, leftAlone));
  const lines = chosen.map((tape) => toListLine(config, tape));
  if (options.dryRun) {
    await writeLines(options.list, lines);
    return console.log('Dry run: nothing was written.');
  }
  const adoptOnly = options.list !== undefined;
  if (chosen.length === 0) return;
  if (services.oven === undefined && !adoptOnly) {
    throw new HttpError(503, 'NOT_CONFIGURED', 'OVEN_URL or OVEN_CALLBACK_SECRET is not set.');
  }
  const what = publish ? 'and PUBLISH them (each gets a record in the PDS)' : 'WITHOUT publishing';
  if (
    !(await agrees(options, `Adopt ${chosen.length} tapes${adoptOnly ? '' : ', have them baked'} ${what}?`))
  )
    return;
  const progress = await showProgress(chosen.length);
  const outcomes = new Map<string, number>();
  await adoptAll(services, chosen, {
    publish,
    adoptOnly,
    count: options.inFlight,
    signal,
    onDone: (_tape, outcome) => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      progress.increment();
    },
  });
  progress.stop();
  await writeLines(options.list, lines);
  say(signal.aborted ? 'Stopped; the same command goes on' : 'Done', outcomes);
  if (signal.aborted) process.exitCode = 130;
}

/** Asks on a terminal. Elsewhere only --yes agrees. */
async function agrees({ yes }: Options, question: string): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new HttpError(400, 'USAGE', `${question} Say --yes.`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${question} [y/N] `, { signal: stopped.signal });
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function showProgress(total: number) {
  if (!process.stderr.isTTY) return { increment: () => {}, stop: () => {} };
  const { default: cliProgress } = await import('cli-progress');
  const format = '{bar} {value}/{total} {duration_formatted} · {eta_formatted} left';
  const bar = new cliProgress.SingleBar(
    { stream: process.stderr, format, barsize: 30, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return bar;
}

function say(title: string, outcomes: ReadonlyMap<string, number>): void {
  const lines = [...outcomes].sort(([, a], [, b]) => b - a).map(([what, count]) => `  ${count} ${what}`);
  console.log([`${title}:`, ...lines].join('\n'));
}

async function writeLines(file: string | undefined, lines: readonly string[]): Promise<void> {
  if (file === undefined) return;
  const stream = createWriteStream(file);
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject).once('finish', resolve);
    stream.end(lines.map((line) => `${line}\n`).join(''));
  });
}

function toDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('It is no date.');
  return date;
}

function toNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is no number from 1 on.');
  return Number(text);
}

function toList(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}
