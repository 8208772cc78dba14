import { type Markup, markup } from '../markup.ts';
import { type Filter, matches, renderFilter } from './filter.ts';
import type { Row } from './row.ts';

/** The lists of the page, by the id of the part that they are in. */
export interface Lists {
  readonly baking: readonly Row[];
  readonly tapes: readonly Row[];
}

export const LIST_NAMES = ['baking', 'tapes'] as const satisfies readonly (keyof Lists)[];

/** What lies in the oven, and the tapes before and after it. */
export function renderLists({ baking, tapes }: Lists, filter: Filter): Markup {
  return markup`<section id="baking" class="list" aria-labelledby="baking-title">
    <h2 id="baking-title" tabindex="-1">In the oven</h2>
    ${table('Tapes that are being baked', ['tape', 'stage', 'progress', 'time'], baking, () => false)}
    <p class="empty">Nothing is baking. The next tape starts as soon as it arrives.</p>
  </section>
  <section id="tapes" class="list" aria-labelledby="tapes-title">
    <h2 id="tapes-title" tabindex="-1">Tapes</h2>
    ${renderFilter(filter)}
    ${table('The newest tapes, newest first', ['picture', 'tape', 'status', 'size', 'when', 'callback'], tapes, (row) => !matches(row, filter))}
    <p class="empty">No tape yet. What is sent to <code>POST /bake</code> appears here.</p>
    <p class="no-match">No tape here is like that. <a href="/">Show all</a></p>
  </section>`;
}

function table(
  caption: string,
  columns: readonly string[],
  rows: readonly Row[],
  isHidden: (row: Row) => boolean,
): Markup {
  const heads = columns.map(
    (name) => markup`<th role="columnheader" scope="col" class="${name}">${name}</th>`,
  );
  return markup`<table role="table">
    <caption class="sr">${caption}</caption>
    <thead role="rowgroup"><tr role="row">${heads}</tr></thead>
    <tbody role="rowgroup">${rows.map((row) => row.render(isHidden(row)))}</tbody>
    </table>`;
}
