import { FetchError } from './errors.ts';

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Whether an HTTP status sends the client to another URL. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status);
}

/**
 * The URL that a redirect leads to. `visited` holds every URL asked so far, in order and without fragments, the one
 * that answered last. Throws FetchError SOURCE_REDIRECTS for one too many, a circle, a missing or broken
 * destination, and a way from https to http.
 */
export function nextHop(visited: readonly URL[], location: unknown, maxRedirects: number): URL {
  const current = visited.at(-1);
  if (visited.length > maxRedirects) throw refused('leads on to too many others');
  if (!current || typeof location !== 'string' || !URL.canParse(location, current.href)) {
    throw refused('leads nowhere');
  }
  const next = withoutFragment(new URL(location, current.href));
  if (current.protocol === 'https:' && next.protocol !== 'https:') throw refused('leads from https to http');
  if (visited.some(({ href }) => href === next.href)) throw refused('leads in a circle');
  return next;
}

/** A copy of a URL as it is sent to a server. */
export function withoutFragment(url: URL): URL {
  const copy = new URL(url.href);
  copy.hash = '';
  return copy;
}

function refused(what: string): FetchError {
  return new FetchError('SOURCE_REDIRECTS', `The address of the tape ${what}.`);
}
