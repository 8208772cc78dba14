import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openQueue } from '../../service/queue/queue.ts';
import { type ServiceProcess, startProcess } from '../http/process.ts';
import { type Backends, startBackends } from '../http/test-service.ts';
import { freePort } from '../rig/port.ts';
import { until } from '../rig/until.ts';

let backends: Backends;
let cdn: Server;
/** The URL of the operator's CDN: it serves the folder of videos, but only below /right. */
let cdnUrl: string;
const seen: string[] = [];
beforeAll(async () => {
  backends = await startBackends();
  cdn = createServer(async ({ url = '' }, response) => {
    seen.push(url);
    const [, at, ...key] = url.split('/');
    const file = at === 'right' ? join(backends.root, 'blobs', ...key) : join(backends.root, 'none');
    const content = await readFile(file).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  }).listen(0, '127.0.0.1');
  await once(cdn, 'listening');
  cdnUrl = `http://127.0.0.1:${(cdn.address() as AddressInfo).port}`;
});
afterAll(async () => {
  cdn.close();
  await backends.close();
});

const start = (env: NodeJS.ProcessEnv) =>
  startProcess({ ...backends.env, ...env }, { args: ['--candidate'] });

/** Sends a request over a unix socket; undefined while no process listens there. */
function ask(
  socketPath: string,
  path: string,
): Promise<{ status: number | undefined; body: string } | undefined> {
  return new Promise((resolve) => {
    request({ socketPath, path }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    })
      .on('error', () => resolve(undefined))
      .end();
  });
}

describe('a candidate whose checks pass', () => {
  let candidate: ServiceProcess;
  let socket: string;
  const states = new Set<string>();
  beforeAll(async () => {
    socket = join(backends.root, 'candidate.sock');
    // The folder of a dead process and a waiting job are for the service, which may run at the same time.
    const left = join(backends.root, 'temp', 'tape-left-0');
    await mkdir(left);
    await writeFile(join(left, 'owner.json'), JSON.stringify({ pid: 999_999_999, started: '1', boot: 'x' }));
    const queue = openQueue({ redis: { path: backends.redis.socket }, maxQueued: 9 });
    const { body } = backends;
    const { callbackSecret: _secret, ...fields } = body('a');
    await queue.submit({ ...fields, outputs: [{ kind: 'mp4' }], secretFingerprint: 'x' } as never);
    await queue.close();
    // The running service has the port for metrics: a candidate must not use it.
    candidate = start({
      LISTEN_SOCKET: socket,
      METRICS_PORT: String(await freePort()),
      AT_BLOBS_CDN: `${cdnUrl}/right`,
    });
    await until('it is proven', async () => {
      const answer = await ask(socket, '/health');
      if (answer) states.add(`${answer.status} ${JSON.parse(answer.body).status}`);
      return answer?.status === 200;
    });
  });
  afterAll(() => candidate.kill());

  it('A candidate is unhealthy until all checks have passed, then healthy with its release', async () => {
    expect([...states].filter((one) => one !== '503 unhealthy')).toEqual(['200 healthy']);
    expect(JSON.parse((await ask(socket, '/health'))!.body)).toMatchObject({
      status: 'healthy',
      release: 'dev',
    });
    for (const name of ['Redis', 'the bucket of tapes', 'the bucket of videos', 'the CDN', 'a bake']) {
      expect(candidate.lines.some((line) => line.includes(`"name":"${name}"`))).toBe(true);
    }
  });

  it('A candidate requests its check file through the CDN', () =>
    expect(seen).toContainEqual(expect.stringMatching(/^\/right\/tapes\/\.oven-check-/)));

  it('A candidate answers no other request, takes no jobs and sweeps no folders', async () => {
    expect((await ask(socket, '/'))?.status).toBe(404);
    expect((await ask(socket, '/drain'))?.status).toBe(404);
    const queue = openQueue({ redis: { path: backends.redis.socket }, maxQueued: 9 });
    expect(await queue.counts()).toMatchObject({ waiting: 1, active: 0, done: 0, failed: 0 });
    await queue.close();
    expect(await readdir(join(backends.root, 'temp'))).toEqual(['tape-left-0']);
    expect(backends.calls).toEqual([]);
    expect(await readdir(join(backends.root, 'blobs', 'tapes'))).toEqual([]);
  });

  it('A candidate ends on SIGTERM', async () => {
    candidate.child.kill('SIGTERM');
    expect(await candidate.ended()).toBe(0);
  });
});

describe('a candidate with a check that fails', () => {
  it.each<[string, () => NodeJS.ProcessEnv, RegExp]>([
    ['no ffmpeg', () => ({ PATH: '/nowhere', NODE: process.execPath }), /a bake: .* \[FFMPEG_MISSING\]$/],
    [
      'no folder of tapes',
      () => ({ ART_SPACES_ENDPOINT: `file://${backends.root}/none` }),
      /the bucket of tapes: /,
    ],
    [
      'a folder of videos that is a file',
      () => ({ AT_BLOBS_SPACES_ENDPOINT: `file://${backends.root}/tape.zip` }),
      /the bucket of videos: .* \[STORAGE_MISCONFIGURED\]$/,
    ],
    [
      'a CDN of other files',
      () => ({ AT_BLOBS_CDN: `${cdnUrl}/wrong` }),
      /the CDN: 127\.0\.0\.1:\d+ \(AT_BLOBS_CDN\) does not give out what the bucket has: status 404\.$/,
    ],
    ['no Redis', () => ({ REDIS_URL: `unix://${backends.root}/none.sock` }), /Redis: /],
  ])('A candidate with %s ends with exit code 1 and one line', async (_what, env, says) => {
    const candidate = startProcess({ ...backends.env, ...env() }, { args: ['--candidate'] });
    expect(await candidate.ended()).toBe(1);
    const plain = candidate.lines.filter((line) => !line.startsWith('{'));
    expect(plain).toHaveLength(1);
    expect(plain[0]).toMatch(/^oven: This release is not fit to run here: /);
    expect(plain[0]).toMatch(says);
    expect(await readdir(join(backends.root, 'temp'))).toEqual(['tape-left-0']);
  });
});
