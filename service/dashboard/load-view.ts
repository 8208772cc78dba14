import type { Queue } from '../queue/queue.ts';
import type { Counts, TapeReport } from '../queue/status.ts';
import type { Markup } from './markup.ts';
import type { Lists } from './view/page.ts';
import { type DiskSpace, headline, renderFigures } from './view/page.ts';
import { bakingRow, tapeRow } from './view/row.ts';

/** What the dashboard asks; everything it shows comes from here. */
export interface Sources {
  readonly queue: Pick<Queue, 'recent' | 'counts'>;
  readonly disk: () => Promise<DiskSpace>;
}

/** How the service stood at one moment, rendered. */
export interface View {
  /** When it was, in milliseconds since 1970. */
  readonly at: number;
  readonly headline: string;
  readonly busy: boolean;
  readonly figures: Markup | '';
  readonly lists: Lists;
  /** What is wrong, when nothing could be found out. */
  readonly trouble: string | undefined;
}

/** How many of each group are shown. Failures are asked for by themselves, lest many good tapes push them out. */
const SHOWN = { baking: 16, waiting: 20, done: 40, failed: 20 } as const;

/** Looks at queue and disk once. Throws when the queue can't be reached. */
export async function loadView({ queue, disk }: Sources): Promise<View> {
  const [counts, free, active, waiting, done, failed] = await Promise.all([
    queue.counts(),
    disk().catch(() => undefined), // the tapes are worth showing without it
    queue.recent(SHOWN.baking, ['active']),
    queue.recent(SHOWN.waiting, ['waiting']),
    queue.recent(SHOWN.done, ['done']),
    queue.recent(SHOWN.failed, ['failed']),
  ]);
  return renderView(counts, free, [...active, ...waiting, ...done, ...failed], Date.now());
}

/** The view of what was found; a tape that changed while it was looked for may be in `reports` twice. */
export function renderView(
  counts: Counts,
  disk: DiskSpace | undefined,
  reports: readonly TapeReport[],
  now: number,
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
    figures: renderFigures(counts, disk),
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
  };
}

/** What is shown when the queue can't be reached: the last that was known, and that it is old. */
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
  };
}
