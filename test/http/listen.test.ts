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

/** A socket that this process holds and takes nothing from, as systemd's: bound, and to be listened on by who gets it. */
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

describe('a socket of systemd', () => {
  it('is answered on, and loses no request between one process and the next', async () => {
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

  it('that is for another process is left alone', async () => {
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
  ])('%j is taken by process 7 as %s, and kept from its children', (env, fd) => {
    expect(takeSystemdSocket(env, 7)).toBe(fd);
    expect(Object.keys(env)).toEqual([]);
  });
});

describe('a unix socket', () => {
  it('is listened on, in place of what a dead process left', async () => {
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
])('the address of %s is one that can be asked', async (host, form) => {
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

it('a closing server lets a request under way end, and cuts off what does not', async () => {
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
