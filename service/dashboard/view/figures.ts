import type { Counts } from '../../queue/history.ts';
import { type Markup, markup } from '../markup.ts';
import { plural, renderBytes, renderSpan } from '../text.ts';

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What is going on, in a few words: `2 baking, 14 waiting`. */
export function headline({ active, waiting, retrying }: Counts): string {
  const queued = waiting + retrying;
  if (active === 0 && queued === 0) return 'nothing to bake';
  return [active > 0 && `${active} baking`, queued > 0 && `${queued} waiting`].filter(Boolean).join(', ');
}

/** The numbers of the service. */
export function renderFigures(counts: Counts, disk: Disk | undefined): Markup {
  const { callbacks } = counts;
  const oldest = Math.floor(counts.oldestWaitingSeconds);
  const pending = callbacks.waiting + callbacks.active;
  return markup`
      ${figure('waiting', counts.waiting, oldest > 0 ? `first for ${renderSpan(Math.max(10, oldest))}` : 'tapes', 'queue')}
      ${figure('baking', counts.active, 'at this moment', 'hot')}
      ${figure('to retry', counts.retrying, 'by itself, soon')}
      ${figure('done', counts.done, 'in 30 days')}
      ${figure('failed', counts.failed, 'in 30 days', counts.failed > 0 && 'bad')}
      ${figure('callbacks', pending + callbacks.retrying, callbacks.retrying > 0 ? `${callbacks.retrying} to be tried again` : 'on their way')}
      ${figure('given up', callbacks.failed, plural(callbacks.failed, 'callback').replace(/^\d+ /, ''), callbacks.failed > 0 && 'bad')}
      ${diskFigure(disk)}`;
}

function diskFigure(disk: Disk | undefined): Markup {
  if (disk === undefined || !(disk.totalBytes > 0)) return figure('disk', '–', 'unknown');
  const share = Math.round((100 * disk.freeBytes) / disk.totalBytes);
  return figure('disk free', renderBytes(disk.freeBytes), `${share} % of ${renderBytes(disk.totalBytes)}`);
}

function figure(name: string, value: number | string, note: string, kind: string | false = false): Markup {
  return markup`<div class="figure${kind ? ` ${kind}` : ''}"><dt>${name}</dt><dd>${value}</dd><dd class="note">${note}</dd></div>`;
}
