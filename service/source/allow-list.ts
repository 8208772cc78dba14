/** The origins that Oven fetches tapes from and sends callbacks to. */
import { isIP } from 'node:net';
import { isPublicAddress, unbracketed } from './address-guard.ts';

/**
 * Whether Oven may request a URL: undefined if not; `trusted` if it may also be on a private address. Takes the parsed URL that
 * is also requested, so that a text can't be read in two ways.
 */
export type Allowed = (url: URL) => { readonly trusted: boolean } | undefined;

interface Entry {
  readonly origin: string;
  readonly segments: readonly string[];
  readonly trusted: boolean;
}

/**
 * Allows a list of origins, each with an optional path prefix that is compared segment by segment: `https://a.b/c`
 * allows `/c` and `/c/d`, not `/cd`. An entry for a private address, or for a name that only a private network answers
 * (`localhost`, a name without a dot, `*.internal`), is trusted. Throws TypeError, which names a bad entry by its number
 * only: the entry may be a secret on the wrong line.
 */
export function allowList(entries: readonly string[]): Allowed {
  const list = entries.map((text, index) => {
    const fault = entryFault(text.trim());
    if (fault) throw new TypeError(`entry ${index + 1} of ${entries.length} ${fault}`);
    return parse(text.trim());
  });
  return (url) => {
    if (url.username !== '' || url.password !== '') return undefined;
    const origin = originOf(url);
    const found = list.find((entry) => entry.origin === origin && isBelow(url, entry.segments));
    return found && { trusted: found.trusted };
  };
}

/** What is wrong with an entry; undefined if nothing is. */
function entryFault(text: string): string | undefined {
  if (!/^(https?|file):\/\//i.test(text) || !URL.canParse(text)) return 'is no http or https URL';
  const { protocol, username, password, hostname } = new URL(text);
  if (username !== '' || password !== '') return 'has a user name or password in it';
  if (/[?#]/.test(text)) return 'has a query or a fragment';
  if (/[\\*\s]/.test(text)) return 'has a backslash, a space or a star in it';
  if (hostname.endsWith('.')) return 'has a host that ends in a dot';
  const { segments } = parse(text);
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(text) || segments.includes('')) {
    return 'has a path that can be read in two ways';
  }
  if (protocol === 'file:' && (hostname !== '' || segments.length === 0)) return 'is no file URL of a folder';
  return undefined;
}

function parse(text: string): Entry {
  const url = new URL(text);
  const segments = segmentsOf(url.pathname.replace(/\/$/, '')) ?? [''];
  return { origin: originOf(url), segments, trusted: isPrivate(url.hostname) };
}

/** Like URL.origin, which is null for files. */
function originOf({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function isBelow(url: URL, prefix: readonly string[]): boolean {
  if (prefix.length === 0) return true;
  const segments = segmentsOf(url.pathname);
  return segments !== undefined && prefix.every((segment, index) => segments[index] === segment);
}

/**
 * The decoded segments of a path that starts with a slash. Undefined if a server may read other segments: encoded slashes and
 * dots, encoded once or more, and parameters (`..;a`) that hide them.
 */
function segmentsOf(pathname: string): string[] | undefined {
  try {
    const segments = pathname.split('/').slice(1);
    return segments.every(isPlain) ? segments.map(decodeURIComponent) : undefined;
  } catch {
    return undefined; // a lone percent sign
  }
}

function isPlain(segment: string): boolean {
  for (let text = segment, depth = 0; depth < 5; depth += 1) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a server in C ends a path at a zero
    if (/[/\\\u0000-\u001f\u007f]/.test(text) || /^\.{1,2}(;|$)/.test(text)) return false;
    if (!text.includes('%')) return true;
    text = decodeURIComponent(text);
  }
  return false;
}

function isPrivate(hostname: string): boolean {
  const bare = unbracketed(hostname);
  if (isIP(bare)) return !isPublicAddress(bare);
  return hostname !== '' && /^[^.]+$|\.(localhost|internal)$/.test(hostname);
}
