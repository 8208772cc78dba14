import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { currentSecret } from './api.ts';
import { confirm, untilInterrupted } from './confirm.ts';
import { showCount } from './count-bar.ts';
import { CommandError, USAGE } from './error.ts';
import { type Filters, hasFilters } from './filters.ts';
import { listJobs } from './list-jobs.ts';
import { plural } from './many-run.ts';
import { askPatiently, forEach } from './patient.ts';
import { type Ended, type Entry, openProgress, parseList, readProgress, writeWhole } from './rebake-list.ts';
import { renderTable, terminalWidth } from './table.ts';

export interface RebakeOptions extends Filters {
  readonly list?: string;
  readonly publish?: true;
  readonly inFlight: number;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** Behind every tape that the site sends, which has 0. */
const PRIORITY = 1000;
const POLL_MS = { first: 250, longest: 2000 };
/** Failures that the report names. The run's file has all. */
const SHOWN = 20;

/** `oven rebake`: bakes the tapes of a list, or of the jobs that match, again; each once, however often it is killed and run again. */
export async function rebake(options: RebakeOptions): Promise<void> {
  const { list, publish = false, dryRun, json } = options;
  const { list: _list, publish: _publish, inFlight, dryRun: _dryRun, yes, json: _json, ...filters } = options;
  if ((list === undefined) === !hasFilters(filters)) {
    throw new CommandError('rebake wants --list FILE, or filters such as --error CODE', USAGE);
  }
  const entries = list === undefined ? await entriesOf(filters) : parseList(await readList(list), list);
  const before = list === undefined ? undefined : await readProgress(progressFile(list), publish);
  const left = entries.filter(({ key }) => !before?.ended.has(key));
  const how = publish ? 'and publish them' : 'without publishing them';
  const already = entries.length - left.length;
  const plan = `bake ${plural(left.length, 'tape')} again, ${how}${already ? ` (${already} have ended before)` : ''}`;
  if (dryRun)
    return print(json, { tapes: entries.length, left: left.map(({ name }) => name), publish }, () =>
      renderPlan(plan, left),
    );
  if (left.length === 0) return report(entries, before?.ended ?? new Map(), json);
  currentSecret(process.env);
  await confirm(`${plan[0]!.toUpperCase()}${plan.slice(1)}?`, yes);

  const file = list ?? (await saveList(entries, json));
  const progress = await openProgress(progressFile(file), publish);
  const signal = untilInterrupted();
  const bar = await showCount(process.stderr, entries.length, entries.length - left.length);
  const failed = () => [...progress.ended.values()].filter(({ status }) => status !== 'done').length;
  try {
    await forEach(left, inFlight, signal, async (entry) => {
      const ended = await bakeAgain(entry, { rebakeId: progress.rebakeId, publish, signal });
      await progress.record(ended);
      bar.update(entries.filter(({ key }) => progress.ended.has(key)).length, failed());
    });
  } finally {
    bar.end();
  }
  if (signal.aborted) {
    const ended = entries.filter(({ key }) => progress.ended.has(key)).length;
    const again = `oven rebake --list ${file}${publish ? ' --publish' : ''}`;
    throw new CommandError(
      `interrupted after ${ended} of ${entries.length}; tapes under way go on; \`${again}\` does the rest`,
    );
  }
  report(entries, progress.ended, json);
}

interface Run {
  readonly rebakeId: string;
  readonly publish: boolean;
  readonly signal: AbortSignal;
}

/** Sends one tape, and waits for its end. The same run may send it again: Oven has its job then. */
async function bakeAgain(
  { key, name, jobId, body }: Entry,
  { rebakeId, publish, signal }: Run,
): Promise<Ended> {
  const how = { rebakeId, priority: PRIORITY, publish };
  const request =
    jobId === undefined
      ? { path: '/bake', body: { ...body, ...how, callbackSecret: currentSecret(process.env) } }
      : { path: `/jobs/${encodeURIComponent(jobId)}/rebake`, body: how };
  const options = {
    method: 'POST',
    secured: true,
    body: request.body,
    also: [400, 403, 404, 409, 413],
  } as const;
  for (let wait = POLL_MS.first; ; wait = Math.min(2 * wait, POLL_MS.longest)) {
    const { status, body: answer } = await askPatiently(request.path, options, signal);
    if (status < 400) return { key, name, ...(await waitForEnd(answer.jobId, signal)) };
    // Another request bakes this tape just now: after that it is our turn.
    if (answer.error.code !== 'BAKE_RUNNING')
      return { key, name, jobId, status: 'refused', error: faultOf(answer.error) };
    await delay(wait, undefined, { signal });
  }
}

async function waitForEnd(
  jobId: string,
  signal: AbortSignal,
): Promise<Pick<Ended, 'jobId' | 'status' | 'error'>> {
  for (let wait = POLL_MS.first; ; wait = Math.min(1.5 * wait, POLL_MS.longest)) {
    const { status, body } = await askPatiently(`/status/${jobId}`, { also: [404], secured: true }, signal);
    if (status === 404)
      return { jobId, status: 'failed', error: { code: 'JOB_NOT_FOUND', message: 'It was purged.' } };
    if (body.status === 'done') return { jobId, status: 'done' };
    if (body.status === 'failed') return { jobId, status: 'failed', error: faultOf(body.error) };
    await delay(wait, undefined, { signal });
  }
}

function faultOf(error: { code: string; message: string; fields?: { field: string; message: string }[] }) {
  const { code, message, fields = [] } = error;
  return { code, message: [message, ...fields.map((fault) => `${fault.field} ${fault.message}`)].join(' ') };
}

/** The newest job of each tape that matches: its request is baked again. */
async function entriesOf(filters: Filters): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for await (const { jobId, slug, status } of listJobs(filters)) {
    const identity = jobId.split('-')[0]!;
    const isEnded = status === 'done' || status === 'failed';
    if (isEnded && !entries.has(identity))
      entries.set(identity, { key: jobId, name: slug, jobId, body: { jobId, slug } });
  }
  return [...entries.values()];
}

/** Writes the jobs into a list: the jobs that match are others when the run goes on. */
async function saveList(entries: readonly Entry[], json: true | undefined): Promise<string> {
  const file = `oven-rebake-${new Date().toISOString().replace(/[:.]/g, '-')}.jsonl`;
  await writeWhole(file, entries.map(({ body }) => `${JSON.stringify(body)}\n`).join(''));
  if (!json)
    process.stderr.write(
      `The tapes are in ${file}; \`oven rebake --list ${file}\` goes on if this is interrupted.\n`,
    );
  return file;
}

async function readList(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} can not be read: ${code}`, undefined, { cause: error });
  }
}

function progressFile(list: string): string {
  return `${list}.progress`;
}

function renderPlan(plan: string, left: readonly Entry[]): string {
  const columns = [
    { title: 'TAPE', of: ({ name }: Entry) => name },
    { title: 'CODE', of: ({ body }: Entry) => String(body.code ?? '') },
    {
      title: 'FROM',
      of: ({ jobId, body }: Entry) => jobId ?? String(body.zipUrl).replace(/\?.*/s, ''),
      shrinksTo: 20,
    },
  ];
  const table = left.length === 0 ? '' : `${renderTable(columns, left, terminalWidth(process.stdout))}\n`;
  return `${table}Would ${plan}.`;
}

/** Says how the run ended. Exit code 1 if a tape was not baked. */
function report(entries: readonly Entry[], ended: ReadonlyMap<string, Ended>, json: true | undefined): void {
  const all = entries.flatMap(({ key }) => ended.get(key) ?? []);
  const bad = all.filter(({ status }) => status !== 'done');
  const done = all.length - bad.length;
  print(json, { tapes: entries.length, done, failed: bad }, () => {
    if (bad.length === 0) return `${plural(done, 'tape')} baked again`;
    const columns = [
      { title: 'TAPE', of: ({ name }: Ended) => name },
      { title: 'WHY', of: ({ error }: Ended) => `${error?.code}: ${error?.message}`, shrinksTo: 20 },
      { title: 'JOB', of: ({ jobId }: Ended) => jobId ?? '', optional: true as const },
    ];
    const more =
      bad.length > SHOWN ? `\n… and ${bad.length - SHOWN} more, which the file of the run has` : '';
    const table = renderTable(columns, bad.slice(0, SHOWN), terminalWidth(process.stdout));
    return `${plural(done, 'tape')} baked again; ${bad.length} not:\n${table}${more}`;
  });
  if (bad.length > 0) process.exitCode = 1;
}

function print(json: true | undefined, body: unknown, render: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(body, null, 2) : render()}\n`);
}
