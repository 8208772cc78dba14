import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import type { Allowed } from './allowed.ts';
import { announcedLength, requestFault } from './answer.ts';
import { withDeadline } from './deadline.ts';
import { FetchError } from './errors.ts';
import { guardedConnector } from './guard.ts';
import { isRedirect, nextHop, withoutFragment } from './redirect.ts';
import { type Progress, saveAs } from './save.ts';

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
  return withDeadline(options.signal, options.totalMs, (signal) =>
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
      const answer = await ask(finalUrl, agent, options.signal);
      if (!isRedirect(answer.statusCode)) return { bytes: await keep(answer, file, options), finalUrl };
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
  if (!allowed) throw refuse(url);
  const connect = guardedConnector(() => allowed.trusted, { connectMs, ...(lookup && { lookup }) });
  return new Agent({ connect, headersTimeout: idleMs, bodyTimeout: idleMs, allowH2: false });
}

/** The FetchError for a URL that is not allowed. */
export function refuse(url: URL): FetchError {
  return new FetchError('SOURCE_NOT_ALLOWED', `Tapes are not fetched from ${url.host || 'such an address'}.`);
}

async function ask(url: URL, dispatcher: Agent, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  try {
    const headers = { accept: '*/*', 'accept-encoding': 'identity' };
    const answer = await request(url, { dispatcher, signal, headers });
    // A body that nobody reads to the end (of a redirect, of a 404) fails when its agent goes: not news.
    answer.body.on('error', () => {});
    return answer;
  } catch (error) {
    throw requestFault(error);
  }
}

async function keep(answer: Dispatcher.ResponseData, file: string, options: DownloadOptions) {
  const { maxBytes, onProgress } = options;
  const total = announcedLength(answer.statusCode, answer.headers, maxBytes);
  return saveAs(file, answer.body, { maxBytes, total, onProgress });
}
