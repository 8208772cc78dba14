import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen, takeSystemdSocket } from '../../service/http/listen.ts';
import { startProcess } from './process.ts';
import { type Backends, startBackends } from './test-service.ts';

let backends: Backends;
beforeAll(async () => {
  backends = await startBackends();
});
afterAll(() => backends.close());

/** A bound socket, as systemd holds one: this process takes no connection from it, and the process that gets it listens. */
function holdSocket() {
  const create = (
    net as unknown as { _createServerHandle(address: string, port: number, type: number): Held }
  )._createServerHandle;
  const held = create('127.0.0.1', 0, 4);
  const name: { port?: number } = {};
  held.getsockname(name);
  return { fd: held.fd, url: `http://127.0.0.1:${name.port}`, close: () => held.close() };
}
interface Held {
  readonly fd: number;
  getsockname(name: object): number;
  close(): void;
}

describe('A socket of systemd', () => {
  it('The service answers on a socket of systemd, and no request is lost between two processes', async () => {
    const socket = holdSocket();
    const first = startProcess(backends.env, { socket: socket.fd });
    try {
      expect(await first.url()).toBe(socket.url);
      expect((await fetch(`${socket.url}/health`)).status).toBe(200);
      first.child.kill('SIGTERM');
      expect(await first.ended()).toBe(0);
      const between = [1, 2, 3].map(() => fetch(`${socket.url}/health`));
      const second = startProcess(backends.env, { socket: socket.fd });
      try {
        for (const response of await Promise.all(between)) expect(response.status).toBe(200);
      } finally {
        await second.kill();
      }
    } finally {
      await first.kill();
      socket.close();
    }
  });

  it('A socket of systemd that is meant for another process is not used', async () => {
    const socket = holdSocket();
    const service = startProcess({ ...backends.env, LISTEN_PID: '1' }, { socket: socket.fd });
    try {
      expect(await service.url()).not.toBe(socket.url);
    } finally {
      await service.kill();
      socket.close();
    }
  });

  it.each<[NodeJS.ProcessEnv, number | undefined]>([
    [{}, undefined],
    [{ LISTEN_FDS: '1', LISTEN_PID: '7' }, 3],
    [{ LISTEN_FDS: '2', LISTEN_PID: '7' }, 3],
    [{ LISTEN_FDS: '1', LISTEN_PID: '8' }, undefined],
    [{ LISTEN_FDS: '1' }, undefined],
    [{ LISTEN_FDS: '0', LISTEN_PID: '7' }, undefined],
    [{ LISTEN_FDS: 'x', LISTEN_PID: '7' }, undefined],
  ])('Process 7 takes from the environment %j the descriptor %s, and removes the variables', (env, fd) => {
    expect(takeSystemdSocket(env, 7)).toBe(fd);
    expect(Object.keys(env)).toEqual([]);
  });
});

describe('A unix socket', () => {
  it('The service listens on a unix socket, and replaces one that a dead process left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oven-listen-'));
    const socket = join(folder, 'oven.sock');
    const ask = () =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ socketPath: socket, path: '/', agent: false }, (response) =>
          resolve(response.resume().statusCode),
        )
          .on('error', reject)
          .end();
      });
    for (const status of [204, 205]) {
      const to = { host: '127.0.0.1', port: 0, socket };
      const listening = await listen(() => new Response(null, { status }), to, undefined);
      expect(await ask()).toBe(status);
      if (status === 205) await listening.close(100);
    }
    await rm(folder, { recursive: true });
  });
});

it.each([
  ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
  ['0.0.0.0', /^http:\/\/localhost:\d+$/],
  ['::1', /^http:\/\/\[::1\]:\d+$/],
])('The URL of a service that listens on %s can be requested', async (host, form) => {
  const to = { host, port: 0 };
  const listening = await listen(() => new Response('here'), to, undefined).catch(
    (error: NodeJS.ErrnoException) => error,
  );
  if (listening instanceof Error) {
    expect(listening.code).toBe('EADDRNOTAVAIL'); // a machine without IPv6
    return;
  }
  expect(listening.url).toMatch(form);
  expect(await (await fetch(listening.url)).text()).toBe('here');
  await listening.close(100);
});

it('A closing server finishes an active request, and cuts off one that does not end', async () => {
  let answer: (response: Response) => void = () => {};
  const asked = Promise.withResolvers<void>();
  const handler = () =>
    new Promise<Response>((resolve) => {
      answer = resolve;
      asked.resolve();
    });
  const listening = await listen(handler, { host: '127.0.0.1', port: 0 }, undefined);
  const response = fetch(listening.url);
  await asked.promise;
  const closed = listening.close(60_000);
  answer(new Response('late'));
  expect(await (await response).text()).toBe('late');
  await closed;

  const other = await listen(
    () => new Promise<Response>(() => {}),
    { host: '127.0.0.1', port: 0 },
    undefined,
  );
  const never = fetch(other.url).catch((error: Error) => error);
  await other.close(50);
  expect(await never).toBeInstanceOf(Error);
});
