import { type Markup, markup } from '../markup.ts';
import type { Group } from './row.ts';

/** Which tapes to show; it stands in the page's URL, so that it can be linked. */
export interface Filter {
  /** Found anywhere in slug, code or message; in lower case. */
  readonly text: string;
  readonly group: Group | undefined;
}

export const GROUPS = ['waiting', 'baking', 'done', 'failed'] as const satisfies readonly Group[];

const MAX_TEXT = 100;

/** The filter in a query; what can't be one is none. */
export function readFilter(query: { q?: string | undefined; status?: string | undefined }): Filter {
  const text = (query.q ?? '').trim().toLowerCase().slice(0, MAX_TEXT);
  return { text, group: GROUPS.find((group) => group === query.status) };
}

/** Whether a row is to be shown. browser/filter.js decides the same in the page. */
export function matches(row: { readonly find: string; readonly group: Group }, filter: Filter): boolean {
  return row.find.includes(filter.text) && (filter.group === undefined || filter.group === row.group);
}

/** The form of the filter; it works by itself as a GET form, and at each keystroke where there is JavaScript. */
export function renderFilter({ text, group }: Filter): Markup {
  const choice = (value: string, label: string) => markup`
        <label><input type="radio" name="status" value="${value}"${(group ?? '') === value ? markup` checked` : ''}><span>${label}</span></label>`;
  return markup`<form id="filter" role="search" aria-label="Tapes" method="get" action="/">
      <p class="find"><label for="q">Find</label> <input id="q" type="search" name="q" value="${text}" maxlength="${MAX_TEXT}" autocomplete="off" spellcheck="false" placeholder="name, code or message"></p>
      <fieldset><legend>Status</legend>${[choice('', 'all'), ...GROUPS.map((one) => choice(one, one))]}
      </fieldset>
      <p class="go"><button type="submit">Filter</button></p>
    </form>`;
}
