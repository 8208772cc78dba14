import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/**
 * What the front does with a request to the S3 server: `unanswered` passes it on and drops its answer; `half` sends half of the
 * answer and then nothing; `cut` sends half and closes the connection.
 */
export type Fate = 'pass' | 'drop' | 'stall' | 'unanswered' | 'half' | 'cut' | number;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** A proxy between a client and an S3 server that breaks requests by a rule. */
export interface Front {
  readonly endpoint: URL;
  readonly asked: Asked[];
  /** Decides on each request; by default every request passes. */
  rule: (asked: Asked) => Fate | Promise<Fate>;
  /** Lets every request pass, and forgets the requests so far. */
  reset(): void;
  /** Number of open connections. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

export async function startFront(target: URL): Promise<Front> {
  const server = createServer(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', target);
    const asked = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
    };
    front.asked.push(asked);
    const fate = await front.rule(asked);
    if (fate === 'stall') return;
    if (fate === 'drop') return void outgoing.destroy();
    if (typeof fate === 'number') {
      incoming.resume();
      outgoing.writeHead(fate, { connection: 'close' }).end();
      return;
    }
    const answer = await forward(incoming, target).catch(() => undefined);
    if (answer === undefined || fate === 'unanswered') return void outgoing.destroy();
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (fate === 'pass') return void answer.pipe(outgoing);
    answer.once('data', (chunk: Buffer) => {
      answer.pause();
      outgoing.write(chunk.subarray(0, chunk.length / 2), () => fate === 'cut' && outgoing.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: Front = {
    endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked: [],
    rule: () => 'pass',
    reset: () => {
      front.asked.length = 0;
      front.rule = () => 'pass';
    },
    connections: () => promisify(server.getConnections.bind(server))(),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}

/** Sends a request on unchanged: its signature includes the host that the client wrote. */
function forward(incoming: IncomingMessage, target: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ host: target.hostname, port: target.port, method, path, headers }, resolve);
    onward.on('error', reject);
    incoming.on('error', reject);
    incoming.pipe(onward);
  });
}
