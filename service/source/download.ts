import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { withDeadline } from '../lib/deadline.ts';
import { guardedConnector } from './address-guard.ts';
import type { Allowed } from './allow-list.ts';
import { announcedLength, SourceError, timedOut, toRequestError } from './errors.ts';
import { type Progress, saveAs } from './save-file.ts';

export interface DownloadOptions {
  /** Asked for every URL on the way; undefined refuses it, and a trusted one may be on a private address. */
  readonly isAllowed: Allowed;
  readonly maxBytes: number;
  /** Milliseconds for each connection, lookup and TLS included. */
  readonly connectMs: number;
  /** Milliseconds without a byte, once connected; undici counts them to about a second. */
  readonly idleMs: number;
  /** Milliseconds for everything. */
  readonly totalMs: number;
  readonly signal: AbortSignal;
  readonly onProgress?: Progress | undefined;
  /** 3 where not given. */
  readonly maxRedirects?: number | undefined;
  /** In place of the system's, for tests. */
  readonly lookup?: LookupFunction | undefined;
}

export interface Downloaded {
  readonly bytes: number;
  readonly finalUrl: URL;
}

/**
 * Fetches a URL into a new file, which is there only if all of it is. Throws FetchError; the signal's reason when
 * aborted; and errors of the file (EEXIST, ENOSPC) as they are.
 */
export async function download(url: URL, file: string, options: DownloadOptions): Promise<Downloaded> {
  return withDeadline(options.totalMs, options.signal, timedOut, (signal) =>
    follow(withoutFragment(url), file, { ...options, signal }),
  );
}

/** Goes from hop to hop by hand, so that each is checked. */
async function follow(url: URL, file: string, options: DownloadOptions): Promise<Downloaded> {
  const visited: URL[] = [url];
  for (let finalUrl = url; ; ) {
    // An agent per hop: a connection that one hop may use must not serve another that may not.
    const agent = agentFor(finalUrl, options);
    try {
      const answer = await sendRequest(finalUrl, agent, options.signal);
      if (!isRedirect(answer.statusCode)) return { bytes: await saveBody(answer, file, options), finalUrl };
      finalUrl = nextHop(visited, answer.headers.location, options.maxRedirects ?? 3);
      visited.push(finalUrl);
    } finally {
      await agent.destroy();
    }
  }
}

function agentFor(url: URL, { isAllowed, connectMs, idleMs, lookup }: DownloadOptions): Agent {
  const plain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  const allowed = plain ? isAllowed(url) : undefined;
  if (!allowed) throw notAllowed(url);
  const connect = guardedConnector(() => allowed.trusted, { connectMs, ...(lookup && { lookup }) });
  return new Agent({ connect, headersTimeout: idleMs, bodyTimeout: idleMs, allowH2: false });
}

/** The FetchError for a URL that is not allowed. */
export function notAllowed(url: URL): SourceError {
  return new SourceError(
    'SOURCE_NOT_ALLOWED',
    `Tapes are not fetched from ${url.host || 'such an address'}.`,
  );
}

async function sendRequest(
  url: URL,
  dispatcher: Agent,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  try {
    const headers = { accept: '*/*', 'accept-encoding': 'identity' };
    const answer = await request(url, { dispatcher, signal, headers });
    // A body that nobody reads to the end (of a redirect, of a 404) fails when its agent goes: not news.
    answer.body.on('error', () => {});
    return answer;
  } catch (error) {
    throw toRequestError(error);
  }
}

async function saveBody(answer: Dispatcher.ResponseData, file: string, options: DownloadOptions) {
  const { maxBytes, onProgress } = options;
  const total = announcedLength(answer.statusCode, answer.headers, maxBytes);
  return saveAs(file, answer.body, { maxBytes, total, onProgress });
}

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

function refused(what: string): SourceError {
  return new SourceError('SOURCE_REDIRECTS', `The address of the tape ${what}.`);
}
