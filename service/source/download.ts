/** Fetches a URL into a file: each hop is checked, and every connection guarded. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { withDeadline } from '../lib/deadline.ts';
import { guardedConnector } from './address-guard.ts';
import type { Allowed } from './allow-list.ts';
import { announcedLength, SourceError, timedOut, toBodyError, tooLarge, toRequestError } from './errors.ts';

/** Called after each piece with the bytes so far, and the length if it is known. */
export type OnBytes = (bytes: number, total?: number) => void;

export interface DownloadOptions {
  /** Called for every hop; undefined refuses it, and a trusted one may be on a private address. */
  readonly isAllowed: Allowed;
  readonly maxBytes: number;
  /** Milliseconds for each connection, lookup and TLS included. */
  readonly connectMs: number;
  /** Milliseconds without a byte on a connection; undici measures them to about a second. */
  readonly idleMs: number;
  /** Milliseconds for all hops together. */
  readonly totalMs: number;
  readonly signal: AbortSignal;
  readonly onProgress?: OnBytes | undefined;
  /** 3 by default. */
  readonly maxRedirects?: number | undefined;
  /** Replaces the system's lookup in tests. */
  readonly lookup?: LookupFunction | undefined;
}

export interface Downloaded {
  readonly bytes: number;
  readonly finalUrl: URL;
}

/**
 * Fetches a URL into a new file, which is there afterwards only if it is whole. Throws SourceError, the signal's reason when
 * aborted, and errors of the file (EEXIST, ENOSPC) unchanged.
 */
export async function download(url: URL, file: string, options: DownloadOptions): Promise<Downloaded> {
  return withDeadline(options.totalMs, options.signal, timedOut, (signal) =>
    follow(withoutFragment(url), file, { ...options, signal }),
  );
}

/** Follows redirects by itself, so that each hop is checked. */
async function follow(url: URL, file: string, options: DownloadOptions): Promise<Downloaded> {
  const visited: URL[] = [url];
  for (let finalUrl = url; ; ) {
    // An agent for each hop: the connection of a trusted hop must not serve another one.
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

/** The error for a URL that is not allowed. */
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
    // A body that is not read to the end (of a redirect, of a 404) fails when its agent is destroyed.
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

export interface SaveOptions {
  readonly maxBytes: number;
  /** The announced length in bytes, if any. */
  readonly total: number | undefined;
  readonly onProgress?: OnBytes | undefined;
}

/**
 * Saves a stream as a new file, which is there afterwards only if it is whole. Returns its bytes. Throws SourceError
 * SOURCE_TOO_LARGE, SOURCE_TIMEOUT and SOURCE_TRUNCATED; an error of the file, such as EEXIST or ENOSPC, unchanged.
 */
export async function saveAs(
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: SaveOptions,
): Promise<number> {
  const file = await open(path, 'wx'); // a file that is there already stays
  try {
    const bytes = await save(body, file, options);
    await file.close(); // inside: some file systems report a full disk only now
    return bytes;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(path, { force: true });
    throw error;
  }
}

async function save(
  body: AsyncIterable<Uint8Array>,
  file: FileHandle,
  { maxBytes, total, onProgress }: SaveOptions,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of withSourceErrors(body)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    await file.writeFile(chunk); // goes on at the file's position, and writes all of the chunk
    onProgress?.(bytes, total);
  }
  if (total !== undefined && bytes < total) throw toBodyError(new Error(`${bytes} bytes of ${total}`));
  return bytes;
}

/** Types the errors of the source; errors of the file do not pass through here. */
async function* withSourceErrors(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw toBodyError(cause);
  }
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Whether an HTTP status sends the client to another URL. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status);
}

/**
 * The URL that a redirect leads to. `visited` holds every URL requested so far, in order and without fragments. Throws
 * SOURCE_REDIRECTS for one redirect too many, a circle, a missing or broken destination, and a way from https to http.
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

/** A copy of a URL without the part that is not sent to a server. */
export function withoutFragment(url: URL): URL {
  const copy = new URL(url.href);
  copy.hash = '';
  return copy;
}

function refused(what: string): SourceError {
  return new SourceError('SOURCE_REDIRECTS', `The address of the tape ${what}.`);
}
