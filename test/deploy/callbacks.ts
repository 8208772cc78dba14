import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Sockets } from '../twin/net/sockets.ts';

/** A callback as it came. */
export interface Called {
  readonly slug: string;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The site, as far as it is called back. */
export interface Callbacks {
  readonly url: string;
  /** What was taken, in its order. */
  readonly taken: readonly Called[];
  of(slug: string): Called | undefined;
  /** Refuses the callbacks of a tape until so many seconds have passed: 503 with Retry-After. */
  refuse(slug: string, seconds: number): void;
  /** Callbacks that were refused. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** Takes callbacks on an address of the network. */
export async function openCallbacks(sockets: Sockets, host: string, port = 8800): Promise<Callbacks> {
  const taken: Called[] = [];
  const refused: string[] = [];
  const until = new Map<string, number>();
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    const slug = String(body.slug);
    const left = (until.get(slug) ?? 0) - performance.now();
    if (left > 0) {
      refused.push(slug);
      response.writeHead(503, { 'retry-after': String(Math.ceil(left / 1000)) }).end();
      return;
    }
    taken.push({ slug, id: String(request.headers['webhook-id']), body });
    response.end('{}');
  };
  const close = await sockets.serve(host, port, (request, response) => {
    take(request, response).catch((error: Error) => response.writeHead(400).end(error.message));
  });
  return {
    url: `http://${host}:${port}`,
    taken,
    refused,
    of: (slug) => taken.find((one) => one.slug === slug),
    refuse: (slug, seconds) => void until.set(slug, performance.now() + seconds * 1000),
    close,
  };
}
