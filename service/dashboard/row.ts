/** A table row about one job, and the parts of it that the page of a job shows too. */
import { OUTPUT_KINDS, OUTPUTS, type OutputKind } from '../bake/outputs.ts';
import type { TapeReport } from '../queue/status.ts';
import {
  type Markup,
  markup,
  plural,
  publicText,
  renderBytes,
  renderSpan,
  renderTime,
  webUrl,
} from './markup.ts';
import { thumbHashUrl } from './thumb-hash.ts';

export type RowGroup = 'waiting' | 'baking' | 'done' | 'failed';

/** What the filter can ask for. `undelivered`: the bake has ended and its callback is not delivered. */
export type FilterStatus = RowGroup | 'undelivered';

/** A table row about one job. `key` is the job's id. */
export interface Row {
  readonly key: string;
  readonly slug: string;
  readonly group: RowGroup;
  readonly filterStatuses: readonly FilterStatus[];
  /** The text that the filter searches, in lower case. */
  readonly find: string;
  /** In milliseconds since 1970. */
  readonly endedAt?: number | undefined;
  /** The error's code of a failed job. */
  readonly code?: string | undefined;
  render(hidden: boolean): Markup;
}

/** The group of a job's status. */
export function groupOf(status: TapeReport['status']): RowGroup {
  if (status === 'done' || status === 'failed') return status;
  return status === 'queued' ? 'waiting' : 'baking';
}

/** The address of a job's own page. */
export function jobPath(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

/** The row of a running bake: tape, stage, percent, time. `now` in milliseconds since 1970. */
export function bakingRow(report: TapeReport, now: number): Row {
  const { startedAt = now } = report.timings;
  const body = markup`
      ${nameCell(report)}
      <td role="cell" class="stage"><span class="state baking">${report.stage ?? 'starting'}</span></td>
      <td role="cell" class="progress">${renderProgress(report)}</td>
      <td role="cell" class="took">${renderSpan((now - startedAt) / 1000)}</td>`;
  return toRow(report, body);
}

/** The row of a waiting or finished tape. */
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
  return toRow(report, body);
}

/** The progress of a bake, as a bar and as a number. */
export function renderProgress({ slug, progress }: TapeReport): Markup {
  const percent = Math.round(Math.min(1, Math.max(0, progress)) * 100);
  return markup`<progress max="100" value="${percent}" aria-label="Progress of ${slug}">${percent} %</progress> <span class="percent" aria-hidden="true">${percent} %</span>`;
}

/** The state of the callback; empty until the bake has ended. */
export function renderCallback(group: RowGroup, callback: TapeReport['callback']): Markup {
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

function toRow(report: TapeReport, body: Markup): Row {
  const { jobId, slug, status, error } = report;
  const group = groupOf(status);
  const words = [slug, error?.code, error && publicText(error.message), report.callback.lastError];
  const find = words.flatMap((word) => (word ? [publicText(word).toLowerCase()] : [])).join(' ');
  const isUndelivered = (group === 'done' || group === 'failed') && !report.callback.delivered;
  const filterStatuses: FilterStatus[] = isUndelivered ? [group, 'undelivered'] : [group];
  return {
    key: jobId,
    slug,
    group,
    filterStatuses,
    find,
    code: error && publicText(error.code),
    endedAt: report.timings.finishedAt,
    render: (hidden) =>
      markup`<tr role="row" data-key="${jobId}" data-statuses="${filterStatuses.join(' ')}" data-find="${find}"${hidden ? markup` hidden` : ''}>${body}
    </tr>`,
  };
}

/** The box of a thumbnail, in CSS pixels. */
const THUMBNAIL = { width: 112, height: 96 };

interface Media {
  readonly video: string | undefined;
  readonly still: string | undefined;
}

/** The URLs of a job's video and picture, where it has them. */
export function mediaOf({ result }: TapeReport): Media {
  const urlIn = (place: 'player' | 'image') =>
    kindsIn(place).flatMap((kind) => webUrl(result?.outputs[kind]) ?? [])[0];
  return { video: urlIn('player'), still: urlIn('image') };
}

/** The kinds of output that are shown in a place, best first. */
function kindsIn(place: 'player' | 'image'): OutputKind[] {
  const rankOf = (kind: OutputKind) => {
    const { dashboard } = OUTPUTS[kind];
    return dashboard.place === place ? dashboard.rank : 0;
  };
  return OUTPUT_KINDS.filter((kind) => rankOf(kind) > 0).sort((a, b) => rankOf(a) - rankOf(b));
}

/** A thumbnail that opens into the video. Its ThumbHash lies below it, and is seen until the thumbnail has come. The video loads when it is opened; this needs no JavaScript. */
export function renderPlayer(report: TapeReport): Markup {
  const { video, still } = mediaOf(report);
  const { width, height } = thumbnailSize(report.result);
  const hash = report.result?.thumbnail?.thumbHash;
  const before = still && hash ? thumbHashUrl(hash) : undefined;
  const size = markup`width="${width}" height="${height}"`;
  const picture = still
    ? markup`<span class="loading">${before && markup`<img class="thumb-hash" src="${before}" alt="" ${size}>`}<img src="${still}" alt="" ${size} loading="lazy" decoding="async"></span>`
    : markup`<span class="no-picture" aria-hidden="true"></span>`;
  if (!video) return picture;
  return markup`<details class="player"><summary><span class="sr">Play ${report.slug}</span>${picture}<span class="play" aria-hidden="true"></span></summary><video src="${video}"${still ? markup` poster="${still}"` : ''} controls playsinline loop preload="none" aria-label="${report.slug}"></video></details>`;
}

/** The largest size of the given shape in a thumbnail's box, in CSS pixels: nothing moves when the picture arrives. */
export function thumbnailSize(size: { width: number; height: number } | undefined): {
  width: number;
  height: number;
} {
  const { width, height } = size ?? THUMBNAIL;
  const factor = Math.min(THUMBNAIL.width / width, THUMBNAIL.height / height);
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}
