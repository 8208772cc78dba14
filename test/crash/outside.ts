import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { Holds } from './holds.ts';

/** A callback whose signature was right. */
export interface Call {
  readonly slug: string;
  readonly id: string;
  readonly mp4Url?: string;
  readonly error?: { readonly code: string };
}

/** Reads a callback. Throws if its signature or its secret is wrong. */
export async function readCall(request: IncomingMessage, secret: string): Promise<Call> {
  const webhook = new Webhook(Buffer.from(secret), { format: 'raw' });
  const body = await text(request);
  const call = webhook.verify(body, request.headers as Record<string, string>) as Call & { secret: string };
  if (call.secret !== secret) throw new Error(`a callback without the secret: ${call.slug}`);
  const { slug, mp4Url, error } = call;
  const id = String(request.headers['webhook-id']);
  return { slug, id, ...(mp4Url !== undefined && { mp4Url }), ...(error && { error }) };
}

/** Everything outside Oven: the source of the tapes, and the receiver of callbacks. */
export interface Outside {
  readonly url: string;
  /** Callbacks that were answered with 200, in order. */
  readonly calls: readonly Call[];
  /** Requests that should not have come. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

/** Starts it on loopback: GET /<slug>.zip sends the tape, POST /hook takes callbacks. Both follow the holds. */
export async function startOutside(tape: Buffer, secret: string, holds: Holds): Promise<Outside> {
  const [calls, faults]: [Call[], string[]] = [[], []];

  const give = async (slug: string, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': tape.length });
    response.write(tape.subarray(0, tape.length / 2));
    await holds.pass('fetch', slug);
    response.end(tape.subarray(tape.length / 2));
  };
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const call = await readCall(request, secret);
    await holds.pass('callback', call.slug);
    if (response.destroyed) return; // the service was killed, and got no answer
    calls.push(call);
    response.end();
  };
  const server = createServer((request, response) => {
    const slug = /^\/(crash\d+)\.zip$/.exec(request.url ?? '')?.[1];
    const answered = slug === undefined ? take(request, response) : give(slug, response);
    answered.catch((error: Error) => {
      faults.push(error.message);
      response.destroy();
    });
  });
  return { url: await listen(server), calls, faults, close: () => close(server) };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
