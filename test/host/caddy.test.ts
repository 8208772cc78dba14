import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type SecureClientSessionOptions } from 'node:http2';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { renderCaddy } from '../../infra/host/caddy.ts';
import { FORWARDING_DROP_IN, HEALTH_PORT, LEAVING_FILE } from '../../infra/host/paths.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';
import { check, has } from './tool.ts';

const SITE = { domain: 'oven.test', proxied: true, trustedProxies: ['127.0.0.0/8'] };

/** A certificate of its own for oven.test and its key, in one file as the host has them. */
function certificate(folder: string): string {
  const [key, cert, both] = ['key.pem', 'cert.pem', 'origin.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  check('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=oven.test',
    '-addext',
    'subjectAltName=DNS:oven.test',
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  check('sh', ['-c', `cat '${cert}' '${key}' >'${both}'`]);
  return both;
}

/** Caddy with the host's Caddyfile, in which only ports, paths and how long it tries are the test's. */
async function startCaddy(backendPort: number, tryFor = '20s', readFor = '30s', balanced = false) {
  const folder = mkdtempSync(join(tmpdir(), 'oven-caddy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [https, http, health] = [await freePort(), await freePort(), await freePort()];
  const text = renderCaddy({ ...SITE, balanced })
    .replace('admin unix//run/caddy/admin.sock', `admin off\n\thttps_port ${https}\n\thttp_port ${http}`)
    .replaceAll('/etc/caddy/origin.pem', certificate(folder))
    .replace(`http://:${HEALTH_PORT}`, `http://:${health}`)
    .replaceAll(LEAVING_FILE, join(folder, 'leaving'))
    .replace(FORWARDING_DROP_IN, join(folder, 'handed-over.conf'))
    .replaceAll('127.0.0.1:3000', `127.0.0.1:${backendPort}`)
    .replace('lb_try_duration 20s', `lb_try_duration ${tryFor}`)
    .replace('read_body 30s', `read_body ${readFor}`)
    .replace('domain} {', 'domain} {\n\tbind 127.0.0.1');
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, text);
  const caddy = spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let log = '';
  caddy.stderr.on('data', (chunk) => {
    log += chunk;
  });
  onTestFinished(async () => {
    if (caddy.exitCode !== null) return;
    caddy.kill('SIGKILL');
    await once(caddy, 'exit');
  });
  await until('Caddy serves', () => log.includes('serving initial configuration') || caddy.exitCode !== null);
  if (caddy.exitCode !== null) throw new Error(log);
  return { https, health, folder, log: () => log };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** A request over HTTP/2 as Cloudflare makes one. */
async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const options: SecureClientSessionOptions = { rejectUnauthorized: false, servername: 'oven.test' };
  const session = connect(`https://127.0.0.1:${port}`, options);
  try {
    const method = body === undefined ? 'GET' : 'POST';
    const stream = session.request({
      ':path': path,
      ':method': method,
      ':authority': 'oven.test',
      ...headers,
    });
    stream.end(body);
    const [answered] = (await once(stream, 'response')) as [Record<string, unknown>];
    let text = '';
    for await (const chunk of stream) text += chunk;
    return { status: Number(answered[':status']), headers: answered, body: text };
  } finally {
    session.destroy();
  }
}

/** A POST over HTTP/1.1 with exactly this header and body, after which the caller ends its side or waits. */
async function send(port: number, header: string, body: string, then: 'end' | 'wait') {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'oven.test', rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}); // Caddy may close before it has read all of a large body
  socket.write(`POST /bake HTTP/1.1\r\nHost: oven.test\r\nConnection: close\r\n${header}\r\n\r\n${body}`);
  if (then === 'end') socket.end();
  const answer = await text(socket);
  const [head = '', rest = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: rest };
}

/** A connection that is kept for several requests, as Cloudflare keeps some. */
async function openHttp2(port: number) {
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    servername: 'oven.test',
  } as object);
  let goneAway = false;
  session.on('goaway', () => {
    goneAway = true;
  });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  await once(session, 'connect');
  const get = async () => {
    const stream = session.request({ ':path': '/', ':authority': 'oven.test' });
    const [answered] = (await once(stream, 'response')) as [Record<string, unknown>];
    await text(stream);
    return Number(answered[':status']);
  };
  return { session, get, goneAway: () => goneAway };
}

async function askHttp1(port: number, agent: Agent): Promise<IncomingMessage> {
  const host = { host: '127.0.0.1', port, servername: 'oven.test', headers: { host: 'oven.test' } };
  const sent = request({ ...host, agent }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  await text(answer);
  return answer;
}

/** A backend that tells what it was asked. */
async function startBackend(port = 0, answer?: (request: IncomingMessage) => string): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(answer?.(request) ?? JSON.stringify(request.headers)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('Caddyfile', () => {
  it.each([
    ['a domain that is none', { domain: 'oven.test {' }, /domain/],
    ['a network that is none', { trustedProxies: ['anywhere'] }, /network/],
    ['a mail address that is none', { acmeEmail: 'me}' }, /address/],
  ])('The Caddyfile is refused for %s', (_what, change, message) => {
    expect(() => renderCaddy({ ...SITE, ...change })).toThrow(message);
  });

  it.skipIf(!has('caddy'))('The Caddyfile without a proxy is valid (skipped without Caddy)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'oven-caddyfile-'));
    try {
      const file = join(folder, 'Caddyfile');
      writeFileSync(
        file,
        renderCaddy({ domain: 'oven.test', proxied: false, trustedProxies: [], acmeEmail: 'a@b.test' }),
      );
      const { code, text } = check('caddy', ['validate', '--adapter', 'caddyfile', '--config', file]);
      expect(text).toContain('Valid configuration');
      expect(code).toBe(0);
      expect(check('caddy', ['fmt', file]).code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!has('caddy') || !has('openssl'))(
  'Caddy as the host has it (skipped without Caddy and openssl)',
  () => {
    it('Caddy forwards requests over TLS with the caller’s address', async () => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend));
      const { status, headers, body } = await ask(caddy.https, '/', { 'cf-connecting-ip': '203.0.113.9' });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'strict-transport-security': expect.any(String),
      });
      expect(headers).not.toHaveProperty('server');
      expect(JSON.parse(body)).toMatchObject({
        'x-real-ip': '203.0.113.9',
        'x-forwarded-proto': 'https',
        host: 'oven.test',
      });
    });

    it('Behind a load balancer Caddy answers for the host’s health by any name, until the host leaves', async () => {
      const backend = await startBackend(0, ({ url }) => `health of ${url}`);
      const caddy = await startCaddy(portOf(backend), '20s', '30s', true);
      const get = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${caddy.health}${path}`);
        return [answer.status, await answer.text()];
      };
      expect(await get('/health/host')).toEqual([200, 'health of /health/host']);
      // Nothing else of the service is there.
      expect(await get('/health')).toEqual([404, '']);
      const kept = await openHttp2(caddy.https);
      expect([await kept.get(), kept.goneAway()]).toEqual([200, false]);
      writeFileSync(join(caddy.folder, 'leaving'), '');
      expect(await get('/health/host')).toEqual([503, '']);
      // The service goes on, and each response closes its connection, so that the next one leads to another host.
      expect(await kept.get()).toBe(200);
      await until('the connection is given up', () => kept.goneAway());
      rmSync(join(caddy.folder, 'leaving'));
      expect((await get('/health/host'))[0]).toBe(200);
    });

    it('Caddy’s log has no queries and no headers', async () => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend));
      await ask(caddy.https, '/status/abc?signature=hush', { authorization: 'Bearer hush' });
      await until('it is logged', () => caddy.log().includes('/status/abc'));
      expect(caddy.log()).toContain('"uri":"/status/abc"');
      expect(caddy.log()).not.toContain('hush');
    });

    it('Caddy waits for a service that does not listen yet, and never sends a request the body of another', async () => {
      const port = await freePort();
      const caddy = await startCaddy(port);
      const bodyOf = (index: number) => `body ${index} `.repeat(50);
      const asked = Array.from({ length: 8 }, (_, index) =>
        ask(caddy.https, `/post/${index}`, {}, bodyOf(index)),
      );
      // One that fails at once shows that the others are waiting as well.
      const impatient = await startCaddy(port, '0s');
      const got = ask(caddy.https, '/get');
      await ask(impatient.https, '/');
      const server = createServer((request, response) => {
        // Caddy hangs up when it finds that it has lost the body.
        text(request).then(
          (body) => response.end(body),
          () => response.destroy(),
        );
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      expect((await got).status).toBe(200);
      for (const [index, { status, body }] of (await Promise.all(asked)).entries()) {
        expect([200, 503]).toContain(status);
        if (status === 200) expect(body).toBe(bodyOf(index));
      }
    });

    it('Caddy answers 503 with Retry-After when no service listens', async () => {
      const caddy = await startCaddy(await freePort(), '200ms');
      const { status, headers, body } = await ask(caddy.https, '/health');
      expect(status).toBe(503);
      expect(headers).toMatchObject({ 'retry-after': '30', 'content-type': 'application/json' });
      expect(JSON.parse(body)).toEqual({ error: { code: 'UNAVAILABLE', message: expect.any(String) } });
    });

    it('Caddy closes each connection after its response once the host is handed over, and not before', async () => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend));
      const [one, other] = [await openHttp2(caddy.https), await openHttp2(caddy.https)];
      const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
      onTestFinished(() => agent.destroy());
      const http1 = () => askHttp1(caddy.https, agent);
      expect([await one.get(), (await http1()).headers.connection]).toEqual([200, undefined]);
      writeFileSync(join(caddy.folder, 'handed-over.conf'), '');
      expect(await one.get()).toBe(200);
      expect((await http1()).headers.connection).toBe('close');
      await until('the connection is given up', () => one.session.closed);
      expect(one.goneAway()).toBe(true);
      // One that nothing was asked on does not know yet, and its request is answered all the same.
      expect([other.goneAway(), await other.get()]).toEqual([false, 200]);
      rmSync(join(caddy.folder, 'handed-over.conf'));
      expect((await http1()).headers.connection).toBeUndefined();
    });

    it('Caddy tells a caller of the caller’s own faults', async () => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend));
      const large = 'x'.repeat(2 ** 21);
      const chunked = (...chunks: string[]) => ['Transfer-Encoding: chunked', chunks.join('\r\n')];
      const cases: readonly (readonly [
        what: string,
        status: number,
        code: string,
        sent: readonly string[],
      ])[] = [
        ['a large body', 413, 'BODY_TOO_LARGE', [`Content-Length: ${large.length}`, large]],
        ['a large chunk', 413, 'BODY_TOO_LARGE', chunked('200000', large, '0', '', '')],
        ['a chunk without a length', 400, 'REQUEST_BROKEN', chunked('zz', 'hello', '')],
        ['half a body', 400, 'REQUEST_BROKEN', ['Content-Length: 100', 'half']],
        ['half a chunk', 400, 'REQUEST_BROKEN', chunked('5', 'ab')],
      ];
      for (const [what, status, code, [header = '', body = '']] of cases) {
        const answer = await send(caddy.https, header, body, 'end');
        expect([what, answer.status, JSON.parse(answer.body).error.code]).toEqual([what, status, code]);
      }
      const declared = await ask(caddy.https, '/bake', { 'content-length': `${large.length}` }, large);
      expect([declared.status, JSON.parse(declared.body).error.code]).toEqual([413, 'BODY_TOO_LARGE']);
    });

    it.each([
      ['Content-Length: 100', 'half'],
      ['Transfer-Encoding: chunked', '4\r\nhalf\r\n'],
    ])('Caddy answers 408 to a body that stops to come (%s)', async (header, body) => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend), '20s', '1s');
      const answer = await send(caddy.https, header, body, 'wait');
      expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([408, 'REQUEST_TIMEOUT']);
    });

    it.each([
      ['resets the connection', (request: IncomingMessage) => request.socket.resetAndDestroy()],
      ['closes the connection', (request: IncomingMessage) => request.socket.destroy()],
    ])('Caddy answers 503 where the service %s', async (_what, fail) => {
      const server = createServer(fail);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const caddy = await startCaddy(portOf(server), '0s');
      for (const body of [undefined, 'whole']) {
        const answer = await ask(caddy.https, '/bake', {}, body);
        expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([503, 'UNAVAILABLE']);
      }
    });

    it('Caddy answers 421 to a request for another host', async () => {
      const backend = await startBackend();
      const caddy = await startCaddy(portOf(backend));
      for (const host of ['other.test', '127.0.0.1', 'sub.oven.test']) {
        const { status, headers, body } = await ask(caddy.https, '/', { ':authority': host });
        expect([host, status, JSON.parse(body).error.code]).toEqual([host, 421, 'WRONG_HOST']);
        expect(headers).not.toHaveProperty('server');
      }
    });

    it('Caddy forwards each event at once', async () => {
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: first\n\n');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      const caddy = await startCaddy(portOf(server));
      const session = connect(`https://127.0.0.1:${caddy.https}`, {
        rejectUnauthorized: false,
        servername: 'oven.test',
      } as object);
      const stream = session.request({
        ':path': '/events',
        ':authority': 'oven.test',
        'accept-encoding': 'gzip',
      });
      const [chunk] = await once(stream, 'data');
      expect(String(chunk)).toBe('data: first\n\n');
      session.destroy();
    });
  },
);
