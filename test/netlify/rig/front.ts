import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type ServerRig, startServer } from './server.ts';

/** What the front does to a request: passes it on, breaks the connection, never answers, or answers in its own words. */
export type Fault =
  | 'none'
  | 'down'
  | 'hang'
  | { readonly status: number; readonly error?: string; readonly headers?: Record<string, string> };

/** Stands before a server, and makes it fail as a test says. */
export interface Front extends ServerRig {
  target: string;
  /** Asked for each request, by its path. */
  fault: (path: string, method: string) => Fault;
  /** Paths of all requests. */
  readonly seen: string[];
  /** Called after the real server has done what was asked, before its answer is given. */
  after: (path: string) => Promise<void> | void;
}

export async function startFront(target: string): Promise<Front> {
  const seen: string[] = [];
  const front: Omit<Front, keyof ServerRig> = { target, seen, fault: () => 'none', after: () => {} };
  const server = await startServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').split('?')[0]!;
    seen.push(path);
    const fault = front.fault(path, incoming.method ?? 'GET');
    if (fault === 'none') return pass(front, incoming, outgoing, path);
    if (fault === 'down') return void incoming.socket.destroy();
    if (fault === 'hang') return void incoming.resume();
    incoming.resume();
    outgoing.writeHead(fault.status, {
      'content-type': 'application/json',
      connection: 'close',
      ...fault.headers,
    });
    outgoing.end(JSON.stringify({ error: fault.error ?? 'Fault', message: 'as the test says' }));
  });
  return Object.assign(front, server);
}

function pass(
  front: Pick<Front, 'target' | 'after'>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  path: string,
): void {
  const url = new URL(incoming.url ?? '/', front.target);
  const ask = request(
    url,
    { method: incoming.method, headers: incoming.headers, agent: false },
    async (answer) => {
      await front.after(path);
      // A server that refuses an upload before its end closes the connection.
      const { statusCode = 502, headers } = answer;
      outgoing.writeHead(statusCode, { ...headers, ...(statusCode >= 400 && { connection: 'close' }) });
      answer.pipe(outgoing);
    },
  );
  ask.on('error', () => outgoing.destroy());
  outgoing.on('close', () => ask.destroy());
  incoming.pipe(ask);
}
