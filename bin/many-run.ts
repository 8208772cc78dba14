import { confirm, untilInterrupted } from './confirm.ts';
import { showCount } from './count-bar.ts';
import { CommandError, USAGE } from './error.ts';
import type { Filters } from './filters.ts';
import { collectJobs, type ListedJob } from './list-jobs.ts';
import { askPatiently, forEach } from './patient.ts';
import { renderJobs } from './render-jobs.ts';
import { terminalWidth } from './table.ts';

/** What can be done to many jobs: to jobs of which states, by which route, and how it is told. */
const CHANGES = {
  retry: { states: ['failed'], path: 'retry', asks: 'Try {} again?', done: 'in the queue again' },
  cancel: { states: ['queued', 'active'], path: 'cancel', asks: 'Stop {}?', done: 'told to stop' },
  replay: {
    states: ['done', 'failed'],
    path: 'replay-callback',
    asks: 'Send the callbacks of {} again?',
    done: 'have their callbacks sent again',
  },
} as const;

export type Change = keyof typeof CHANGES;

export interface ManyOptions extends Filters {
  readonly yes?: true;
  readonly json?: true;
}

const AT_ONCE = 4;
/** Jobs that are shown before the question. */
const SHOWN = 10;

/** `oven retry|cancel|replay --all`: changes every job that matches, after a question. */
export async function changeMany(name: Change, { yes, json, ...filters }: ManyOptions): Promise<void> {
  const { states, path, asks, done } = CHANGES[name];
  const asked = states.filter((state) => filters.status === undefined || state === filters.status);
  if (asked.length === 0)
    throw new CommandError(`${name} is for jobs that are ${states.join(' or ')}`, USAGE);
  const jobs: ListedJob[] = [];
  for (const status of asked) jobs.push(...(await collectJobs({ ...filters, status })));
  const say = (text: string) => json || process.stderr.write(`${text}\n`);
  if (jobs.length > 0) {
    say(renderJobs(jobs.slice(0, SHOWN), terminalWidth(process.stderr), Date.now()));
    if (jobs.length > SHOWN) say(`… and ${jobs.length - SHOWN} more: ${countErrors(jobs)}`);
    await confirm(asks.replace('{}', plural(jobs.length, 'job')), yes);
  }
  const signal = untilInterrupted();
  const bar = await showCount(process.stderr, jobs.length);
  const refused: { readonly jobId: string; readonly error: string }[] = [];
  let ended = 0;
  try {
    await forEach(jobs, AT_ONCE, signal, async ({ jobId }) => {
      const options = { method: 'POST', secured: true, also: [404, 409] } as const;
      const { status, body } = await askPatiently(`/jobs/${jobId}/${path}`, options, signal);
      if (status >= 400) refused.push({ jobId, error: body.error.code });
      ended += 1;
      bar.update(ended, refused.length);
    });
  } finally {
    bar.end();
  }
  const changed = ended - refused.length;
  const changedMeanwhile = refused.length === 0 ? '' : `; ${refused.length} had changed meanwhile`;
  const text = `${plural(changed, 'job')} ${changed === 1 ? done.replace('have their callbacks', 'has its callback') : done}${changedMeanwhile}`;
  process.stdout.write(`${json ? JSON.stringify({ jobs: jobs.length, changed, refused }, null, 2) : text}\n`);
  if (signal.aborted) throw new CommandError(`interrupted after ${ended} of ${jobs.length}`);
}

/** How many jobs have which error: `200 STORAGE_REFUSED, 13 BAKE_TIMEOUT`. */
function countErrors(jobs: readonly ListedJob[]): string {
  const counts = Map.groupBy(jobs, ({ error, status }) => error?.code ?? status);
  return [...counts]
    .map(([code, all]) => ({ code, count: all.length }))
    .sort((a, b) => b.count - a.count)
    .map(({ code, count }) => `${count} ${code}`)
    .join(', ');
}

export function plural(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}
