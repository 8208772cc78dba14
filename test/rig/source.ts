import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** A real HTTP server of a test's own, on loopback, that behaves as its paths say: see ROUTES. */
export interface SourceRig {
  readonly origin: string;
  readonly port: number;
  /** `path` on this server. */
  url(path: string): URL;
  /** Paths asked for so far, with the headers that came. */
  readonly asked: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** Path to a file of this machine that is served there. */
  readonly files: Map<string, string>;
  /** URL of a port that takes connections and says nothing. */
  readonly silent: URL;
  /** Connections open just now. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/** So many bytes, the same each time, of which no two stretches are alike. */
export function bytesOf(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count; at += 1) bytes[at] = (at * 31 + (at >> 8) * 17) & 255;
  return bytes;
}

type Route = (answer: ServerResponse, rest: string[], url: URL, asked: number) => unknown;

/** First segment of the path to what happens; `N` below is the second, in bytes unless told. */
const ROUTES: Readonly<Record<string, Route>> = {
  /** /whole/N announces its length. */
  whole: (answer, [n]) => answer.setHeader('content-length', Number(n)).end(bytesOf(Number(n))),
  /** /chunked/N does not. */
  chunked: async (answer, [n]) => {
    answer.flushHeaders();
    for (let at = 0; at < Number(n); at += 65_536) answer.write(bytesOf(Number(n)).subarray(at, at + 65_536));
    answer.end();
  },
  /** /until-close/N has no length and ends with the connection. */
  'until-close': (answer, [n]) => {
    answer.useChunkedEncodingByDefault = false;
    answer.setHeader('connection', 'close').end(bytesOf(Number(n)));
  },
  /** /endless sends on and on, without a length. */
  endless: async (answer) => {
    while (!answer.destroyed) if (!answer.write(bytesOf(65_536))) await delay(1);
  },
  /** /stall answers nothing; /stall/N stops after N bytes of 2N. */
  stall: (answer, [n]) => {
    if (n === undefined) return;
    answer.setHeader('content-length', 2 * Number(n)).write(bytesOf(Number(n)));
  },
  /** /slow/N sends a byte every 20 ms, so that there is always one in time. */
  slow: async (answer, [n]) => {
    answer.setHeader('content-length', Number(n));
    for (let at = 0; at < Number(n) && !answer.destroyed; at += 1) {
      answer.write('x');
      await delay(20);
    }
  },
  /** /short/N announces a hundred bytes more than it sends, /long/N a hundred less. */
  short: (answer, [n]) => raw(answer, Number(n) + 100, Number(n)),
  long: (answer, [n]) => raw(answer, Number(n) - 100, Number(n)),
  /** /claim/N announces N bytes and sends ten. */
  claim: (answer, [n]) => raw(answer, Number(n), 10),
  /** /drop ends the connection without an answer; /drop/N in the midst of a chunked one. */
  drop: (answer, [n]) => {
    if (n !== undefined) answer.write(bytesOf(Number(n)), () => answer.destroy());
    else answer.destroy();
  },
  /** /garbage is no HTTP. */
  garbage: (answer) => answer.socket?.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  /** /gzip/N is packed, whatever was asked for. */
  gzip: (answer, [n]) => answer.setHeader('content-encoding', 'gzip').end(gzipSync(bytesOf(Number(n)))),
  /** /status/404 */
  status: (answer, [status]) => answer.writeHead(Number(status)).end('nothing to see'),
  /** /to?status=302&url=… leads there; without a url, nowhere. */
  to: (answer, _, url) => {
    const to = url.searchParams.get('url');
    answer.writeHead(Number(url.searchParams.get('status') ?? 302), to === null ? {} : { location: to });
    answer.end('elsewhere');
  },
  /** /hops/3/whole/9 leads to /whole/9 in three steps. */
  hops: (answer, [n, ...rest]) => {
    const to = n === '1' ? `/${rest.join('/')}` : `/hops/${Number(n) - 1}/${rest.join('/')}`;
    answer.writeHead(302, { location: to }).end();
  },
  /** /circle/a leads to /circle/b, and that back. */
  circle: (answer, [at]) => answer.writeHead(302, { location: at === 'a' ? 'b' : 'a' }).end(),
  /** /flaky/2/503/whole/9 answers 503 twice, then as /whole/9. */
  flaky: (answer, [n, status, kind = '', ...rest], url, asked) =>
    asked <= Number(n)
      ? answer.writeHead(Number(status)).end()
      : ROUTES[kind]?.(answer, rest, url, asked - Number(n)),
};

/** Writes to the connection itself, so that a length may be a lie, and ends it. */
function raw(answer: ServerResponse, announced: number, sent: number): void {
  answer.socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: ${announced}\r\n\r\n`);
  answer.socket?.end(bytesOf(sent));
}

/** Starts the server on an address of this machine, and on a port that the system chooses unless told. */
export async function startSource(host = '127.0.0.1', wantedPort = 0): Promise<SourceRig> {
  const asked: SourceRig['asked'] = [];
  const files = new Map<string, string>();
  const server = createServer(async ({ url: path = '/', headers }, answer) => {
    asked.push({ path, headers });
    const url = new URL(path, 'http://source');
    const file = files.get(url.pathname);
    if (file !== undefined) {
      answer.setHeader('content-length', (await stat(file)).size);
      createReadStream(file).pipe(answer);
      return;
    }
    const [kind = '', ...rest] = url.pathname.slice(1).split('/');
    const route = ROUTES[kind];
    const times = asked.filter((one) => one.path === path).length;
    if (route) await route(answer, rest, url, times);
    else answer.writeHead(404).end();
  });
  const silent = createTcpServer(() => {});
  const port = await listen(server, host, wantedPort);
  const silentPort = await listen(silent, host, 0);
  const written = host.includes(':') ? `[${host}]` : host;
  const origin = `http://${written}:${port}`;
  return {
    ...{ origin, port, asked, files },
    url: (path) => new URL(path, origin),
    silent: new URL(`http://${written}:${silentPort}/`),
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, n) => (error ? reject(error) : resolve(n))),
      ),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      silent.close(); // its connections end with those who opened them
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
