import type { View } from '../look.ts';
import { type Markup, markup } from '../markup.ts';
import type { Filter } from './filter.ts';
import { type Frame, renderFrame } from './frame.ts';
import { renderLists } from './lists.ts';

/** The page of all. */
export function renderPage(frame: Frame, view: View, filter: Filter): Markup {
  const main = markup`<section aria-labelledby="figures-title">
    <h2 id="figures-title" class="sr">Figures</h2>
    <dl id="figures">${view.figures}</dl>
  </section>
  ${renderLists(view.lists, filter)}`;
  const { headline, busy, trouble } = view;
  return renderFrame(frame, { title: `${headline} · Oven`, headline, busy, trouble, main });
}
