/** The page of all tapes, with its lists and its filter, and the frame that every page has. */
import { renderLogo, renderName } from './logo.ts';
import { type Markup, markup, renderTime } from './markup.ts';
import type { FilterStatus, Row } from './row.ts';
import type { Lists, View } from './view.ts';

/** The style sheets of every page, in the order of the cascade. */
export const STYLES = ['page', 'tapes', 'job', 'small'];

/** The page of all tapes. */
export function renderPage(frame: Frame, view: View, filter: Filter): Markup {
  const main = markup`<section aria-labelledby="figures-title">
    <h2 id="figures-title" class="sr">Figures</h2>
    <dl id="figures">${view.figures}</dl>
  </section>
  ${renderLists(view.lists, filter)}`;
  const { headline, busy, trouble } = view;
  return renderFrame(frame, { title: `${headline} · Oven`, headline, busy, trouble, main });
}

/** What every page shows around its content. */
export interface Frame {
  /** The path of style sheets and scripts, without a slash at the end. */
  readonly assets: string;
  readonly release: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** Who looks; `unknown` sees the login alone. Without it there is no login. */
  readonly visitor?: 'operator' | 'public' | 'unknown';
}

/** A whole page around `main`. */
export function renderFrame(
  frame: Frame,
  page: { title: string; headline: string; busy: boolean; trouble: string | undefined; main: Markup },
): Markup {
  const { assets, visitor } = frame;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${page.title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="${assets}/icon.svg">
${STYLES.map(
  (name) => markup`<link rel="stylesheet" href="${assets}/${name}.css">
`,
)}${visitor !== 'unknown' && markup`<script type="module" src="${assets}/dashboard.js"></script>`}
</head>
<body${page.busy ? markup` class="busy"` : ''}>
<a class="skip" href="#main">Skip to the tapes</a>
<header>
  <a class="home" href="/">${renderLogo()}<h1>${renderName()}</h1></a>
  <p id="headline">${page.headline}</p>
  ${visitor !== 'unknown' && markup`<p id="link" data-state="off"><span class="lamp" aria-hidden="true"></span><span id="link-text"></span><noscript><a href="">Refresh</a> for news</noscript></p>`}
</header>
<div class="embers" aria-hidden="true"></div>
<main id="main" tabindex="-1">
<p id="trouble" role="alert">${page.trouble}</p>
${page.main}
</main>
<footer>
  <p>Oven bakes the tapes of <a href="https://aesthetic.computer">aesthetic.computer</a>.</p>
  <dl><div><dt>release</dt><dd>${frame.release}</dd></div><div><dt>started</dt><dd>${renderTime(frame.startedAt)}</dd></div></dl>
  ${renderVisitor(visitor)}
</footer>
<p id="said" class="sr" role="status" aria-live="polite"></p>
</body>
</html>
`;
}

function renderVisitor(visitor: Frame['visitor']): Markup {
  if (visitor === 'public') return markup`<p><a href="/login">Log in</a></p>`;
  if (visitor !== 'operator') return markup``;
  return markup`<form method="post" action="/logout"><p>You operate Oven.</p> <button type="submit">Log out</button></form>`;
}

/** The list of running bakes, and the list of waiting and finished tapes. */
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

/** Which tapes the page shows. The filter is in the page's URL, so that it can be linked. */
export interface Filter {
  /** In lower case; a row matches when its slug, code or message contains it. */
  readonly text: string;
  readonly status: FilterStatus | undefined;
}

/** The statuses that the filter offers. Running bakes have a list of their own. */
export const FILTER_STATUSES = [
  'waiting',
  'done',
  'failed',
  'undelivered',
] as const satisfies readonly FilterStatus[];

const MAX_TEXT = 100;

/** Reads the filter from a URL's query. An unknown status is ignored. */
export function readFilter(query: { q?: string | undefined; status?: string | undefined }): Filter {
  const text = (query.q ?? '').trim().toLowerCase().slice(0, MAX_TEXT);
  return { text, status: FILTER_STATUSES.find((status) => status === query.status) };
}

/** Whether the filter shows a row. `applyFilter` in browser/filter.js decides the same in the browser. */
export function matches(
  row: { readonly find: string; readonly filterStatuses: readonly FilterStatus[] },
  filter: Filter,
): boolean {
  return (
    row.find.includes(filter.text) &&
    (filter.status === undefined || row.filterStatuses.includes(filter.status))
  );
}

/** The filter's form. Without JavaScript it is a plain GET form; with it the list follows each keystroke. */
export function renderFilter({ text, status }: Filter): Markup {
  const choice = (value: string, label: string) => markup`
        <label><input type="radio" name="status" value="${value}"${(status ?? '') === value ? markup` checked` : ''}><span>${label}</span></label>`;
  return markup`<form id="filter" role="search" aria-label="Tapes" method="get" action="/">
      <p class="find"><label for="q">Find</label> <input id="q" type="search" name="q" value="${text}" maxlength="${MAX_TEXT}" autocomplete="off" spellcheck="false" placeholder="name, code or message"></p>
      <fieldset><legend>Status</legend>${[choice('', 'all'), ...FILTER_STATUSES.map((one) => choice(one, one))]}
      </fieldset>
      <p class="go"><button type="submit">Filter</button></p>
    </form>`;
}
