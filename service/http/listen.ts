import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

export interface ListenTo {
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket, in place of host and port. */
  readonly socket?: string;
}

export interface Listening {
  /** Without a slash at its end; of a unix socket `http://localhost`. */
  readonly url: string;
  /** From now on every answer is the last of its connection, so that few are left to be closed. */
  retire(): void;
  /** Takes no new connections, answers what was asked, and ends every connection, by force after `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

type Fetch = (request: Request, env: unknown) => Response | Promise<Response>;

const FIRST_FD = 3;

/** What systemd handed over at the start, taken out of `env` so that no child takes it for its own: a descriptor or nothing. */
export function takeSystemdSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { LISTEN_FDS, LISTEN_PID } = env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  return Number(LISTEN_FDS) >= 1 && Number(LISTEN_PID) === pid ? FIRST_FD : undefined;
}

/** Listens on a socket that was handed over, else on a unix socket, else on host and port. */
export async function listen(fetch: Fetch, to: ListenTo, fd: number | undefined): Promise<Listening> {
  const server = createAdaptorServer({ fetch, hostname: to.host }) as Server;
  if (fd === undefined && to.socket !== undefined) await rm(to.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(target(to, fd), () => {
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

function target({ host, port, socket }: ListenTo, fd: number | undefined): ListenOptions | { fd: number } {
  if (fd !== undefined) return { fd };
  return socket === undefined ? { host, port } : { path: socket };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return 'http://localhost';
  const { address: host, port, family } = address;
  const known = ['0.0.0.0', '::'].includes(host) ? 'localhost' : family === 'IPv6' ? `[${host}]` : host;
  return `http://${known}:${port}`;
}
