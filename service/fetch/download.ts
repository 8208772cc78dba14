import { open, rm } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { announcedLength, requestFault, timedOut } from './answer.ts';
import { FetchError } from './errors.ts';
import { guardedConnector } from './guard.ts';
import { isRedirect, nextHop, withoutFragment } from './redirect.ts';
import { save } from './save.ts';

export interface DownloadOptions {
  /** Asked for every URL on the way; undefined refuses it, and a trusted one may be on a private address. */
  readonly isAllowed: (url: URL) => { readonly trusted: boolean } | undefined;
  readonly maxBytes: number;
  /** Milliseconds for each connection, lookup and TLS included. */
  readonly connectMs: number;
  /** Milliseconds without a byte, once connected; undici counts them to about a second. */
  readonly idleMs: number;
  /** Milliseconds for everything. */
  readonly totalMs: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number, total: number | undefined) => void;
  /** 3 where not given. */
  readonly maxRedirects?: number;
  /** In place of the system's, for tests. */
  readonly lookup?: LookupFunction;
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
  const { signal, totalMs } = options;
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(timedOut()), totalMs);
  try {
    const either = AbortSignal.any([signal, deadline.signal]);
    return await follow(withoutFragment(url), file, { ...options, signal: either });
  } catch (error) {
    // What an abort looks like from below depends on the moment; its reason is what the caller wants.
    signal.throwIfAborted();
    deadline.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
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
  if (!allowed) {
    const message = `Tapes are not fetched from ${url.host || 'such an address'}.`;
    throw new FetchError('SOURCE_NOT_ALLOWED', message);
  }
  const connect = guardedConnector(() => allowed.trusted, { connectMs, ...(lookup && { lookup }) });
  return new Agent({ connect, headersTimeout: idleMs, bodyTimeout: idleMs, allowH2: false });
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
  const handle = await open(file, 'wx'); // when this fails the file is another's, and stays
  try {
    const bytes = await save(answer.body, handle, { maxBytes, total, onProgress });
    await handle.close(); // inside: some file systems tell of a full disk only now
    return bytes;
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(file, { force: true });
    throw error;
  }
}
