/** The dashboard's data at one moment: reads queue and disk, and renders rows and figures. */
import type { DiskSpace } from '../health/disk.ts';
import type { Reason } from '../health/probes.ts';
import type { HostReport } from '../queue/hosts.ts';
import type { Queue } from '../queue/queue.ts';
import type { Counts, TapeReport } from '../queue/status.ts';
import { type Markup, markup, plural, renderBytes, renderSpan } from './markup.ts';
import { bakingRow, type Row, tapeRow } from './row.ts';

/** Where the dashboard's data come from. */
export interface Sources {
  readonly queue: Pick<Queue, 'recent' | 'counts'>;
  /** The hosts that work on the queue; for operators only. */
  readonly hosts?: (() => Promise<readonly HostReport[]>) | undefined;
  readonly disk: () => Promise<DiskSpace>;
  /** Why Redis takes no writes. */
  readonly redisFault?: () => Promise<Reason | undefined>;
  /** The fault for which tapes wait. */
  readonly fault?: () => Reason | undefined;
}

/** The rows of the page's two lists. The names are the ids of their sections. */
export interface Lists {
  readonly baking: readonly Row[];
  readonly tapes: readonly Row[];
}

export const LIST_NAMES = ['baking', 'tapes'] as const satisfies readonly (keyof Lists)[];

/** The dashboard's data at one moment, rendered. */
export interface View {
  /** In milliseconds since 1970; 0 when the queue never answered. */
  readonly at: number;
  readonly headline: string;
  readonly busy: boolean;
  readonly figures: Markup | '';
  readonly lists: Lists;
  /** What is wrong, if something is. */
  readonly trouble: string | undefined;
  /** Whether the queue did not answer, so that all of it may be old. */
  readonly isStale: boolean;
}

/** How many rows of each group are shown. Failures have a limit of their own, so that many good tapes do not push them out. */
const SHOWN = { baking: 16, waiting: 20, done: 40, failed: 20 } as const;

/** Reads queue and disk once. Throws when the queue does not answer. */
export async function loadView({ queue, hosts, disk, redisFault, fault }: Sources): Promise<View> {
  const [counts, free, ofRedis, active, waiting, done, failed, all] = await Promise.all([
    queue.counts(),
    disk().catch(() => undefined), // the page is useful without it
    redisFault?.(),
    queue.recent(SHOWN.baking, ['active']),
    queue.recent(SHOWN.waiting, ['waiting']),
    queue.recent(SHOWN.done, ['done']),
    queue.recent(SHOWN.failed, ['failed']),
    hosts?.(),
  ]);
  const view = renderView(counts, free, [...active, ...waiting, ...done, ...failed], Date.now(), all);
  const found = ofRedis ?? fault?.();
  return found ? { ...view, trouble: `Tapes wait, and go on by themselves: ${found.message}` } : view;
}

/** Renders the view. `reports` may have a job twice, since a job can change its group between two reads. */
export function renderView(
  counts: Counts,
  disk: DiskSpace | undefined,
  reports: readonly TapeReport[],
  now: number,
  hosts: readonly HostReport[] = [],
): View {
  const byId = new Map(reports.map((report) => [report.jobId, report]));
  const all = [...byId.values()];
  const isBaking = ({ status }: TapeReport) => !['queued', 'done', 'failed'].includes(status);
  const started = ({ timings }: TapeReport) => timings.startedAt ?? timings.queuedAt;
  const moved = ({ timings }: TapeReport) => timings.finishedAt ?? timings.queuedAt;
  const newest = (at: (report: TapeReport) => number) => (a: TapeReport, b: TapeReport) =>
    at(b) - at(a) || a.jobId.localeCompare(b.jobId);
  return {
    at: now,
    headline: headline(counts),
    busy: counts.active > 0,
    figures: markup`${renderFigures(counts, disk)}${renderHosts(hosts)}`,
    lists: {
      baking: all
        .filter(isBaking)
        .sort(newest(started))
        .map((report) => bakingRow(report, now)),
      tapes: all
        .filter((report) => !isBaking(report))
        .sort(newest(moved))
        .map(tapeRow),
    },
    trouble: undefined,
    isStale: false,
  };
}

/** The last view again, with the trouble that the queue does not answer. */
export function unreachableView(last: View | undefined): View {
  const nothing = {
    at: 0,
    headline: 'out of order',
    busy: false,
    figures: '' as const,
    lists: { baking: [], tapes: [] },
  };
  return {
    ...(last ?? nothing),
    trouble: 'The queue can not be reached. What you see here may be old; it is being tried again.',
    isStale: true,
  };
}

/** The service's work in a few words: `2 baking, 14 waiting`. */
function headline({ active, waiting, retrying }: Counts): string {
  const queued = waiting + retrying;
  if (active === 0 && queued === 0) return 'nothing to bake';
  return [active > 0 && `${active} baking`, queued > 0 && `${queued} waiting`].filter(Boolean).join(', ');
}

/** The numbers at the top of the page. */
function renderFigures(counts: Counts, disk: DiskSpace | undefined): Markup {
  const { callbacks } = counts;
  const oldest = Math.floor(counts.oldestWaitingSeconds);
  const pending = callbacks.waiting + callbacks.active;
  return markup`
      ${figure('waiting', counts.waiting, oldest > 0 ? `first for ${renderSpan(Math.max(10, oldest))}` : 'tapes', 'queue')}
      ${figure('baking', counts.active, 'at this moment', 'hot')}
      ${figure('to retry', counts.retrying, 'by itself, soon')}
      ${figure('done', counts.done, 'in the history')}
      ${figure('failed', counts.failed, 'in the history', counts.failed > 0 && 'bad')}
      ${figure('callbacks', pending + callbacks.retrying, callbacks.retrying > 0 ? `${callbacks.retrying} to be tried again` : 'on their way')}
      ${figure('given up', callbacks.failed, plural(callbacks.failed, 'callback').replace(/^\d+ /, ''), callbacks.failed > 0 && 'bad')}
      ${diskFigure(disk)}`;
}

/** A figure for each of several hosts: how it is, its release, and what is free on its disk. */
function renderHosts(hosts: readonly HostReport[]): Markup[] {
  if (hosts.length < 2) return [];
  return hosts.map(({ name, release, state, reason, freeBytes }) => {
    const free = freeBytes === undefined ? '' : `, ${renderBytes(freeBytes)} free`;
    const note = `${reason ? `${reason.code}, ` : ''}release ${release.slice(0, 8)}${free}`;
    return figure(name, state, note, state === 'serving' ? 'host' : 'host bad');
  });
}

function diskFigure(disk: DiskSpace | undefined): Markup {
  if (disk === undefined || !(disk.totalBytes > 0)) return figure('disk', '–', 'unknown');
  const share = Math.round((100 * disk.freeBytes) / disk.totalBytes);
  return figure('disk free', renderBytes(disk.freeBytes), `${share} % of ${renderBytes(disk.totalBytes)}`);
}

function figure(
  name: string,
  value: number | string,
  note: string,
  className: string | false = false,
): Markup {
  return markup`<div class="figure${className ? ` ${className}` : ''}"><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`;
}
