import { type Markup, markup } from '../markup.ts';
import { renderMoment } from '../text.ts';

/** A moment; where there is JavaScript it reads as `3 min ago`, or has that behind it. `at` in milliseconds since 1970. */
export function renderTime(at: number, how: 'ago' | 'both' = 'ago'): Markup {
  return markup`<time datetime="${new Date(at).toISOString()}" data-ago="${how}">${renderMoment(at)}</time>`;
}
