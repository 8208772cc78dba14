/** Escaped HTML, and texts, sizes and times in the form that pages show. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

/** Escaped HTML. Only `markup` makes it, so a caller's text cannot be taken for it. */
export type Markup = HtmlEscapedString;

type Value = string | number | boolean | null | undefined | Markup | readonly Value[];

/** HTML from a template. Every value but Markup is escaped, lists are joined, false and undefined are left out. */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return html(strings, ...values) as Markup; // hono types a promise for values that are promises, and Value has none
}

const MAX_TEXT = 300;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they steer terminals and the direction of text
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;
const URL_IN_TEXT = /\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi;
/** A user's id at the identity provider, plain or URL-encoded. */
const SUB = /\b[\w-]+(?:\||%7c)[\w.-]+/gi;

/**
 * A text that may hold secrets, made fit to publish. A URL is cut to its origin, since paths hold users' ids and queries
 * hold signatures; users' ids and control characters go; the result has at most 300 characters.
 */
export function publicText(text: string): string {
  const plain = text.replace(INVISIBLE, ' ').replace(URL_IN_TEXT, originOf).replace(SUB, '…').trim();
  return plain.length > MAX_TEXT ? `${plain.slice(0, MAX_TEXT - 1).trimEnd()}…` : plain;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.host === '') return '…';
  return `${url.protocol}//${url.host}/…`;
}

/** The URL if a page may link to it or load it: http(s) without a password. Otherwise undefined. */
export function webUrl(text: string | undefined): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  return url.href;
}

/** A time span to read: 0.8 s, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function renderSpan(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  if (whole < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** A size to read, in powers of ten: 512 B, 84 kB, 1.3 MB, 41 GB. */
export function renderBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power > 1 && value < 10 ? 1 : 0)} ${units[power]}`;
}

/** A moment, as `2026-07-31 12:31:05 UTC`. */
export function renderMoment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `1 tape`, `2 tapes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A moment. JavaScript turns it into `3 min ago` (`ago`) or adds that to it (`both`). `at` in milliseconds since 1970. */
export function renderTime(at: number, how: 'ago' | 'both' = 'ago'): Markup {
  return markup`<time datetime="${new Date(at).toISOString()}" data-ago="${how}">${renderMoment(at)}</time>`;
}
