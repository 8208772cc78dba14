import type { TapeReport } from '../../queue/status.ts';
import { type Markup, markup, plural, publicText, renderBytes, renderSpan, renderTime } from '../markup.ts';
import { renderPlayer } from './job.ts';

export type Group = 'waiting' | 'baking' | 'done' | 'failed';

/** What a row can be looked for as; undelivered: nobody knows yet how the bake ended. */
export type Kind = Group | 'undelivered';

/** A row of a table, rendered; `key` is the same as long as it is about the same job. */
export interface Row {
  readonly key: string;
  readonly slug: string;
  readonly group: Group;
  readonly kinds: readonly Kind[];
  /** What the filter looks in, in lower case. */
  readonly find: string;
  /** In milliseconds since 1970. */
  readonly endedAt?: number | undefined;
  /** Where the row has a code, it failed. */
  readonly code?: string | undefined;
  render(hidden: boolean): Markup;
}

/** What a status is called where it is one of four. */
export function groupOf(status: TapeReport['status']): Group {
  if (status === 'done' || status === 'failed') return status;
  return status === 'queued' ? 'waiting' : 'baking';
}

/** The address of a job's own page. */
export function jobPath(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

/** A bake that runs: tape, stage, percent, time. `now` in milliseconds since 1970. */
export function bakingRow(report: TapeReport, now: number): Row {
  const { startedAt = now } = report.timings;
  const body = markup`
      ${nameCell(report)}
      <td role="cell" class="stage"><span class="state baking">${report.stage ?? 'starting'}</span></td>
      <td role="cell" class="progress">${renderProgress(report)}</td>
      <td role="cell" class="took">${renderSpan((now - startedAt) / 1000)}</td>`;
  return asRow(report, body);
}

/** A tape that waits or is finished. */
export function tapeRow(report: TapeReport): Row {
  const { result, error, timings, callback } = report;
  const group = groupOf(report.status);
  const at = timings.finishedAt ?? timings.queuedAt;
  const body = markup`
      <td role="cell" class="picture">${renderPlayer(report)}</td>
      ${nameCell(report)}
      <td role="cell" class="stage"><span class="state ${group}">${group}</span>${error && markup` <code>${publicText(error.code)}</code> <span class="why">${publicText(error.message)}</span>`}</td>
      <td role="cell" class="facts">${result && `${result.width}×${result.height} · ${renderSpan(result.duration)} · ${renderBytes(result.bytes)}`}</td>
      <td role="cell" class="when">${renderTime(at)}${tookOf(report)}</td>
      <td role="cell" class="callback">${renderCallback(group, callback)}</td>`;
  return asRow(report, body);
}

/** How far a bake is, as a bar and as a number. */
export function renderProgress({ slug, progress }: TapeReport): Markup {
  const percent = Math.round(Math.min(1, Math.max(0, progress)) * 100);
  return markup`<progress max="100" value="${percent}" aria-label="Progress of ${slug}">${percent} %</progress> <span class="percent" aria-hidden="true">${percent} %</span>`;
}

/** How the callback stands: nothing before the bake ended. */
export function renderCallback(group: Group, callback: TapeReport['callback']): Markup {
  const { delivered, attempts, lastError, givenUp } = callback;
  const tries = plural(attempts, 'attempt');
  const why = lastError && markup` <span class="why">${publicText(lastError)}</span>`;
  if (group !== 'done' && group !== 'failed') return markup``;
  if (delivered) return markup`<span class="sent">delivered</span>${attempts > 1 && ` after ${tries}`}`;
  if (givenUp) return markup`<span class="state failed">given up</span> after ${tries}${why}`;
  if (attempts === 0) return markup`on its way`;
  return markup`<span class="trying">trying again</span> after ${tries}${why}`;
}

function tookOf({ status, timings: { startedAt, finishedAt } }: TapeReport): Markup {
  if (startedAt === undefined || finishedAt === undefined) return markup``;
  return markup` <span class="took">${status === 'failed' ? 'after' : 'baked in'} ${renderSpan((finishedAt - startedAt) / 1000)}</span>`;
}

function nameCell({ jobId, slug }: TapeReport): Markup {
  return markup`<th role="rowheader" scope="row" class="name"><a href="${jobPath(jobId)}">${slug}</a></th>`;
}

function asRow(report: TapeReport, body: Markup): Row {
  const { jobId, slug, status, error } = report;
  const group = groupOf(status);
  const words = [slug, error?.code, error && publicText(error.message), report.callback.lastError];
  const find = words.flatMap((word) => (word ? [publicText(word).toLowerCase()] : [])).join(' ');
  const isOpen = (group === 'done' || group === 'failed') && !report.callback.delivered;
  const kinds: Kind[] = isOpen ? [group, 'undelivered'] : [group];
  return {
    ...{
      key: jobId,
      slug,
      group,
      kinds,
      find,
      code: error && publicText(error.code),
      endedAt: report.timings.finishedAt,
    },
    render: (hidden) =>
      markup`<tr role="row" data-key="${jobId}" data-kinds="${kinds.join(' ')}" data-find="${find}"${hidden ? markup` hidden` : ''}>${body}
    </tr>`,
  };
}
