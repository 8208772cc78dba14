import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { waitAtMost } from '../lib/deadline.ts';
import type { Broadcaster } from './broadcaster.ts';

export interface EventsOptions {
  /** A comment is sent after so many milliseconds of nothing, so that proxies keep the connection. */
  readonly heartbeatMs: number;
  /** Who takes nothing for so many milliseconds is cut off. */
  readonly stuckMs: number;
}

/** How long a page waits until it comes back, in milliseconds. */
const RETRY_MS = 2000;

/** The stream of changes for one page, ended when it goes away, takes nothing any more, or the watch is closed. */
export function sendEvents(
  c: Context,
  watch: Broadcaster,
  { heartbeatMs, stuckMs }: EventsOptions,
): Response {
  // Proxies must neither keep, pack nor hold back what is sent.
  const headers = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };
  // Hono makes a GET of it and drops the body, which would hold a place until it counts as stuck.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream', ...headers });
  const feed = watch.subscribe();
  if (feed === undefined) {
    return c.text('Too many are looking on. Try again later.', 503, { 'Retry-After': '15' });
  }
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => feed.close());
    try {
      let retry: number | undefined = RETRY_MS;
      while (!feed.closed && !stream.aborted) {
        const change = await feed.next(heartbeatMs);
        if (feed.closed) break;
        const data = change && JSON.stringify(change);
        const sending =
          data === undefined
            ? stream.write(': nothing new\n\n')
            : stream.writeSSE({ event: 'change', data, ...(retry && { retry }) });
        const isTaken = await waitAtMost(
          stuckMs,
          sending.then(() => true),
          () => false,
        );
        retry = undefined;
        if (isTaken) continue;
        stream.abort();
        (c.env as Partial<HttpBindings> | undefined)?.outgoing?.destroy(); // closing would wait for what is not taken
      }
    } finally {
      feed.close();
    }
  });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
