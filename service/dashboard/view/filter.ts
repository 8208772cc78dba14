import { type Markup, markup } from '../markup.ts';
import type { Kind } from './row.ts';

/** Which tapes to show; it stands in the page's URL, so that it can be linked. */
export interface Filter {
  /** Found anywhere in slug, code or message; in lower case. */
  readonly text: string;
  readonly kind: Kind | undefined;
}

/** What bakes has a list of its own. */
export const KINDS = ['waiting', 'done', 'failed', 'undelivered'] as const satisfies readonly Kind[];

const MAX_TEXT = 100;

/** The filter in a query; what can't be one is none. */
export function readFilter(query: { q?: string | undefined; status?: string | undefined }): Filter {
  const text = (query.q ?? '').trim().toLowerCase().slice(0, MAX_TEXT);
  return { text, kind: KINDS.find((kind) => kind === query.status) };
}

/** Whether a row is to be shown. browser/filter.js decides the same in the page. */
export function matches(
  row: { readonly find: string; readonly kinds: readonly Kind[] },
  filter: Filter,
): boolean {
  return row.find.includes(filter.text) && (filter.kind === undefined || row.kinds.includes(filter.kind));
}

/** The form of the filter; it works by itself as a GET form, and at each keystroke where there is JavaScript. */
export function renderFilter({ text, kind }: Filter): Markup {
  const choice = (value: string, label: string) => markup`
        <label><input type="radio" name="status" value="${value}"${(kind ?? '') === value ? markup` checked` : ''}><span>${label}</span></label>`;
  return markup`<form id="filter" role="search" aria-label="Tapes" method="get" action="/">
      <p class="find"><label for="q">Find</label> <input id="q" type="search" name="q" value="${text}" maxlength="${MAX_TEXT}" autocomplete="off" spellcheck="false" placeholder="name, code or message"></p>
      <fieldset><legend>Status</legend>${[choice('', 'all'), ...KINDS.map((one) => choice(one, one))]}
      </fieldset>
      <p class="go"><button type="submit">Filter</button></p>
    </form>`;
}
