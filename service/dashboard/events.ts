/** `GET /events`: streams the changes of the dashboard to one page, as server-sent events. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { ApiError, sendError } from '../http/errors.ts';
import { sessionEnd } from '../http/operator.ts';
import { visitorOf } from '../http/visitor.ts';
import { waitAtMost } from '../lib/deadline.ts';
import type { Broadcaster } from './broadcaster.ts';

export interface EventsOptions {
  /** After so many milliseconds without a change a comment is sent, so that proxies keep the connection open. */
  readonly heartbeatMs: number;
  /** A client that reads nothing for so many milliseconds is cut off. */
  readonly stuckMs: number;
}

/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 2000;
/** How long a refused page waits, in seconds. */
const RETRY_SECONDS = 15;

/** Streams changes to one page until the page goes away, stops reading, its operator's session ends, or the broadcaster closes. */
export function sendEvents(
  c: Context,
  broadcaster: Broadcaster,
  { heartbeatMs, stuckMs }: EventsOptions,
): Response {
  // Proxies must not cache, compress or buffer the stream.
  const headers = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };
  // Hono handles HEAD as a GET without a body: that would hold a subscription until it counts as stuck.
  if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream', ...headers });
  // A proxy on this machine that names no visitor would have the share of one.
  const sender = visitorOf(c);
  const visitor = sender === 'loopback' ? undefined : sender;
  const subscription = broadcaster.subscribe(visitor);
  if (subscription === undefined) {
    const code = broadcaster.hasShare(visitor) ? 'TOO_MANY_PAGES' : 'PAGES_FULL';
    return sendError(c, new ApiError(code, { retryAfter: RETRY_SECONDS }));
  }
  const end = sessionEnd(c);
  const timer = end === undefined ? undefined : setTimeout(() => subscription.close(), end - Date.now());
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => subscription.close());
    try {
      let retry: number | undefined = RETRY_MS;
      while (!subscription.closed && !stream.aborted) {
        const change = await subscription.next(heartbeatMs);
        if (subscription.closed) break;
        const data = change && JSON.stringify(change);
        const sending =
          data === undefined
            ? stream.write(': nothing new\n\n')
            : stream.writeSSE({ event: 'change', data, ...(retry && { retry }) });
        const isRead = await waitAtMost(
          stuckMs,
          sending.then(() => true),
          () => false,
        );
        retry = undefined;
        if (isRead) continue;
        stream.abort();
        (c.env as Partial<HttpBindings> | undefined)?.outgoing?.destroy(); // a close would wait for the unread bytes
      }
    } finally {
      clearTimeout(timer);
      subscription.close();
    }
  });
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}
