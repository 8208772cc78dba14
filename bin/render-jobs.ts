// Jobs as text for operators.
import type { ListedJob } from './list-jobs.ts';
import { type Column, plain, renderTable, wrap } from './table.ts';

/** Jobs as a table. `now` in milliseconds since 1970. */
export function renderJobs(jobs: readonly ListedJob[], width: number, now: number): string {
  if (jobs.length === 0) return 'No jobs.';
  const columns: Column<ListedJob>[] = [
    { title: 'SLUG', of: ({ slug }) => slug },
    { title: 'CODE', of: ({ code }) => code ?? '', optional: true },
    { title: 'STATUS', of: renderStatus },
    { title: 'QUEUED', of: ({ timings }) => `${renderSpan(now - timings.queuedAt)} ago` },
    { title: 'TOOK', of: ({ timings }) => renderTook(timings), optional: true },
    { title: 'WHY', of: renderWhy, shrinksTo: 22 },
    { title: 'JOB', of: ({ jobId }) => jobId, optional: true },
  ];
  return renderTable(columns, jobs, width);
}

function renderStatus({ status, progress }: ListedJob): string {
  return ['queued', 'done', 'failed'].includes(status) ? status : `${status} ${Math.floor(progress * 100)}%`;
}

function renderTook({ startedAt, finishedAt }: ListedJob['timings']): string {
  return startedAt === undefined || finishedAt === undefined ? '' : renderSpan(finishedAt - startedAt);
}

/** What an operator must know of a job: its failure, or that its receiver does not have it. */
function renderWhy({ error, callback }: ListedJob): string {
  const why = error ? [`${error.code}: ${error.message}`] : [];
  if (callback.givenUp) why.push('callback given up');
  else if (!callback.delivered && callback.lastError) why.push(`callback: ${callback.lastError}`);
  return why.join('; ');
}

/** A span in its largest unit: 45 s, 12 min, 3 h, 5 d. */
export function renderSpan(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 5940) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

interface Details extends ListedJob {
  readonly mongoId: string;
  readonly priority: number;
  readonly zipUrl: string;
  readonly callbackUrl: string;
  readonly outputs: readonly { readonly kind: string }[];
  readonly result?: { readonly outputs: Readonly<Record<string, string>> };
  readonly postponed?: { readonly since: number; readonly times: number };
  readonly failure?: {
    readonly at: number;
    readonly attempt: number;
    readonly stage?: string;
    readonly worker: string;
    readonly release: string;
    readonly causes: readonly { readonly type: string; readonly message: string; readonly code?: string }[];
    readonly encoder: readonly string[];
  };
  readonly callbackId: string;
  readonly callbackAttempts: readonly { readonly at: number; readonly ms: number; readonly error?: string }[];
}

const LABEL = 10;

/** All of a job. `now` in milliseconds since 1970. */
export function renderDetails(job: Details, width: number, now: number): string {
  const { slug, code, error, timings, failure, postponed, callback } = job;
  const { queuedAt, startedAt, finishedAt } = timings;
  const item = (label: string, ...texts: (string | undefined)[]) =>
    texts
      .filter((text) => text !== undefined && text !== '')
      .flatMap((text) => wrap(text!, width - LABEL))
      .map((line, n) => `${(n === 0 ? label : '').padEnd(LABEL)}${line}`);
  const times = [
    `${renderTime(queuedAt)}, ${renderSpan(now - queuedAt)} ago`,
    startedAt && `waited ${renderSpan(startedAt - queuedAt)}`,
    startedAt && finishedAt && `took ${renderSpan(finishedAt - startedAt)}`,
  ];
  const lines = [
    ...wrap(`${slug}${code ? ` (${code})` : ''}: ${renderStatus(job)}`, width),
    ...(error ? wrap(`${error.message} [${error.code}]`, width) : []),
    '',
    ...item('job', job.jobId),
    ...item('mongoId', job.mongoId),
    ...item('queued', times.filter(Boolean).join(', ')),
    ...item('attempts', `${job.attempts}, priority ${job.priority}`),
    ...item('waits', postponed && `since ${renderTime(postponed.since)}, tried ${postponed.times} times`),
    ...item('zip', job.zipUrl),
    ...item('outputs', job.outputs.map(({ kind }) => kind).join(', ')),
    ...item('files', ...Object.values(job.result?.outputs ?? {})),
    ...item('callback', `${renderDelivery(callback)}, to ${job.callbackUrl}`, `webhook-id ${job.callbackId}`),
    ...item('', ...job.callbackAttempts.map(renderAttempt)),
    ...item('failure', failure && renderFailure(failure)),
    ...item('causes', ...(failure?.causes ?? []).map(renderCause)),
    ...item('encoder', ...(failure?.encoder ?? [])),
  ];
  return lines.map(plain).join('\n');
}

function renderDelivery({ delivered, givenUp }: ListedJob['callback']): string {
  if (delivered) return 'delivered';
  return givenUp ? 'given up' : 'not delivered yet';
}

function renderAttempt({ at, ms, error }: Details['callbackAttempts'][number]): string {
  return `${renderTime(at)}  ${error ?? 'delivered'} (${renderSpan(ms)})`;
}

function renderFailure({ at, attempt, stage, worker, release }: NonNullable<Details['failure']>): string {
  const where = stage === undefined ? '' : `, ${stage}`;
  return `${renderTime(at)}, attempt ${attempt}${where}, worker ${worker}, release ${release}`;
}

function renderCause({ type, message, code }: NonNullable<Details['failure']>['causes'][number]): string {
  return `${type}: ${message}${code === undefined ? '' : ` [${code}]`}`;
}

/** To the second, in UTC: 2026-11-26 10:00:00Z. */
function renderTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
