import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/**
 * What becomes of a request on its way to the S3 server: `unanswered` gets there, but its answer is lost; of a `half`
 * answer the rest never comes, and one that is `cut` ends there.
 */
export type Fate = 'pass' | 'drop' | 'stall' | 'unanswered' | 'half' | 'cut' | number;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** Stands between a client and an S3 server, and harms requests as it is told. */
export interface Front {
  readonly endpoint: URL;
  readonly asked: Asked[];
  /** Decides on each request; everything passes until told. */
  rule: (asked: Asked) => Fate | Promise<Fate>;
  /** Everything passes, and nothing was asked. */
  reset(): void;
  /** Connections open just now. */
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

/** Sends a request on as it is: its signature holds the host that the client wrote. */
function forward(incoming: IncomingMessage, target: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ host: target.hostname, port: target.port, method, path, headers }, resolve);
    onward.on('error', reject);
    incoming.on('error', reject);
    incoming.pipe(onward);
  });
}
