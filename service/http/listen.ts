import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

export interface ListenTo {
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket that replaces host and port. */
  readonly socket?: string;
}

export interface Listening {
  /** Without a slash at its end; `http://localhost` for a unix socket. */
  readonly url: string;
  /** Makes every later answer the last of its connection, so that few connections are left when the server closes. */
  retire(): void;
  /** Takes no new connections, answers pending requests, and ends every connection: after `ms` milliseconds by force. */
  close(ms: number): Promise<void>;
}

type Fetch = (request: Request, env: unknown) => Response | Promise<Response>;

const FIRST_FD = 3;

/** The descriptor of systemd's socket, if there is one. Removes its variables from `env`, so that no child process uses it. */
export function takeSystemdSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { LISTEN_FDS, LISTEN_PID } = env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  return Number(LISTEN_FDS) >= 1 && Number(LISTEN_PID) === pid ? FIRST_FD : undefined;
}

/** Listens on the descriptor `fd`; without one on the unix socket; without one on host and port. */
export async function listen(fetch: Fetch, to: ListenTo, fd: number | undefined): Promise<Listening> {
  const server = createAdaptorServer({ fetch, hostname: to.host }) as Server;
  if (fd === undefined && to.socket !== undefined) await rm(to.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions(to, fd), () => {
      server.off('error', reject);
      resolve();
    });
  });
  let closing = false;
  server.prependListener('request', (_request, response) => {
    if (closing) response.setHeader('Connection', 'close');
  });
  return {
    url: urlOf(server.address()),
    retire: () => {
      closing = true;
    },
    close: async (ms) => {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), ms);
      await closed;
      clearTimeout(force);
    },
  };
}

function listenOptions(
  { host, port, socket }: ListenTo,
  fd: number | undefined,
): ListenOptions | { fd: number } {
  if (fd !== undefined) return { fd };
  return socket === undefined ? { host, port } : { path: socket };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return 'http://localhost';
  const { address: host, port, family } = address;
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
