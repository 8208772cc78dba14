import { once } from 'node:events';
import { createServer as createWebServer, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ForwardOptions, openForwarder } from '../../infra/host/scripts/forward.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';

const HOST = '127.0.0.1';

async function listening<T extends Server>(server: T, port = 0): Promise<number> {
  server.listen(port, HOST);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const forwarder = (port: number, options: Partial<ForwardOptions> = {}) =>
  listening(openForwarder({ host: HOST, port, ...options }));

/** Says back what it was sent. */
const echo = () =>
  createWebServer((asked, answer) => {
    asked.pipe(answer);
  });

function post(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: HOST, port, method: 'POST', agent: false }, (answer) =>
      text(answer).then(resolve, reject),
    );
    sent.on('error', reject).end(body);
  });
}

describe('the forwarder', () => {
  it('The forwarder holds connections until the target listens, and then forwards each as a whole', async () => {
    const far = await freePort();
    const port = await forwarder(far);
    const bodies = Array.from({ length: 30 }, (_, index) => `body ${index} `.repeat(10_000));
    const answers = Promise.all(bodies.map((body) => post(port, body)));
    // Nothing shows from outside that all of them wait; one that may not wait is refused meanwhile.
    await expect(post(await forwarder(far, { connectTimeoutMs: 0 }), '')).rejects.toThrow();
    await listening(echo(), far);
    expect(await answers).toEqual(bodies);
  });

  it('The forwarder lets one side end and the other continue', async () => {
    const far = await listening(
      createServer({ allowHalfOpen: true }, (socket) => {
        text(socket).then((received) => socket.end(`got ${received}`));
      }),
    );
    const caller = connect({ host: HOST, port: await forwarder(far), allowHalfOpen: true });
    caller.end('all of it');
    expect(await text(caller)).toBe('got all of it');
  });

  it('The forwarder closes the target’s connection when the caller disconnects', async () => {
    let gone = false;
    const far = await listening(
      createWebServer((_asked, answer) => {
        answer.write('event\n');
        answer.once('close', () => {
          gone = true;
        });
      }),
    );
    const sent = request({ host: HOST, port: await forwarder(far), agent: false }).end();
    const [answer] = await once(sent, 'response');
    await once(answer, 'data');
    sent.destroy();
    await until('the far end knows', () => gone);
  });

  it('The forwarder ends a connection whose response does not begin, and no other', async () => {
    const far = await listening(
      createWebServer((asked, answer) => {
        if (asked.url === '/silent') return;
        answer.write('begun');
        setTimeout(() => answer.end(', ended'), 400);
      }),
    );
    const port = await forwarder(far, { firstByteTimeoutMs: 150 });
    const get = (path: string) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: HOST, port, path, agent: false }, (answer) =>
          text(answer).then(resolve, reject),
        );
        sent.on('error', reject).end();
      });
    const [silent, slow] = await Promise.allSettled([get('/silent'), get('/slow')]);
    expect(silent).toMatchObject({ status: 'rejected' });
    expect(slow).toMatchObject({ status: 'fulfilled', value: 'begun, ended' });
  });

  it('The forwarder ends the caller’s connection when the target breaks', async () => {
    const far = await listening(
      createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
    );
    await expect(post(await forwarder(far), 'x')).rejects.toThrow();
  });
});
