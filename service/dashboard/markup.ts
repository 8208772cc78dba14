import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** HTML that was escaped where it had to be. Only `markup` makes it, so what a caller sent can't be taken for it. */
export type Markup = HtmlEscapedString;

type Value = string | number | boolean | null | undefined | Markup | readonly Value[];

/** HTML from a template: every value is escaped but Markup; lists are joined, and false and undefined are nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return html(strings, ...values) as Markup; // a promise only when a value is one
}
