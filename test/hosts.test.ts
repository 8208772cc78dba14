import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../service/config/config.ts';
import { type Service, startService } from '../service/service.ts';
import { type Backends, BEARER, startBackends } from './http/test-service.ts';
import { until } from './rig/until.ts';

let backends: Backends;
const hosts = new Map<string, Service>();

/** Starts a host of the queue, with a folder for working files of its own. */
async function start(nodeName: string, leaveMs: number): Promise<void> {
  const tempDir = join(backends.root, nodeName);
  await mkdir(tempDir, { recursive: true });
  const config = { ...readConfig(backends.env), nodes: 2, nodeName, tempDir };
  const log = pino({ enabled: false });
  hosts.set(nodeName, await startService(config, { candidate: false, log, drain: { leaveMs } }));
}

async function stop(nodeName: string): Promise<void> {
  await hosts.get(nodeName)?.close();
  hosts.delete(nodeName);
}

beforeAll(async () => {
  backends = await startBackends();
  await Promise.all(['one', 'two'].map((name) => start(name, 60_000)));
});
afterAll(async () => {
  await Promise.all([...hosts.keys()].map(stop));
  await backends.close();
});

/** Parts of the answers that the tests read. */
interface Body {
  readonly [field: string]: unknown;
  readonly jobId: string;
  readonly host: string;
  readonly idle: boolean;
  readonly error?: { readonly code: string };
  readonly bakes: { readonly active: number };
  readonly hosts: readonly { readonly name: string; readonly state: string; readonly freeBytes: number }[];
}

const ask = async (name: string, path: string, init: RequestInit = {}) => {
  const answer = await fetch(hosts.get(name)!.url + path, { headers: BEARER, ...init });
  return {
    status: answer.status,
    text: await answer.clone().text(),
    body: (await answer.json().catch(() => ({}))) as Body,
  };
};
const post = (name: string, body: object) =>
  ask(name, '/bake', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
const drain = (name: string, method = 'POST', query = '') => ask(name, `/drain${query}`, { method });
const endedOn = async (name: string, jobId: string) =>
  until(`${jobId} has ended`, async () => {
    const { body } = await ask(name, `/admin/jobs/${jobId}`);
    return body.status === 'done' && body.host;
  });
/** Bakes some tapes that are new each time, and says which hosts did. */
let count = 0;
const bakeSome = async (through: string, n = 2) => {
  const tapes = Array.from({ length: n }, () =>
    backends.body('a', { mongoId: `id-${++count}`, slug: `s${count}`, outputs: [{ kind: 'thumbnail' }] }),
  );
  const answers = await Promise.all(tapes.map((tape) => post(through, tape)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
  return Promise.all(answers.map(({ body }) => endedOn(through, body.jobId)));
};

describe('two hosts on one queue', () => {
  it('Operators see which hosts there are, and which one baked a tape; others do not', async () => {
    const { body } = await until('both have told of themselves', async () => {
      const answer = await ask('two', '/admin/hosts');
      return answer.body.hosts.length === 2 && answer;
    });
    for (const [n, name] of ['one', 'two'].entries()) {
      expect(body.hosts[n]).toMatchObject({ name, release: 'dev', state: 'serving', bakes: 0, callbacks: 0 });
      expect(body.hosts[n]!.freeBytes).toBeGreaterThan(0);
    }
    expect(await bakeSome('one', 1)).toEqual([expect.stringMatching(/^(one|two)$/)]);
    expect((await ask('one', '/')).text).toMatch(
      /<dt>two<\/dt><dd>serving<\/dd><dd class="note">release dev, [^<]+ free/,
    );
    expect((await ask('one', '/', { headers: {} })).text).not.toContain('<dt>two</dt>');
  });

  it('A drained host fails the load balancer’s check at once, still takes tapes, and leaves them to the other host', async () => {
    const running = await post('one', backends.stalled('long'));
    const host = await until(
      'a host fetches it',
      async () => (await ask('one', `/admin/jobs/${running.body.jobId}`)).body.host,
    );
    const other = host === 'one' ? 'two' : 'one';
    expect((await drain(host)).body).toMatchObject({
      draining: true,
      phase: 'leaving',
      scope: 'host',
      host,
      idle: false,
      bakes: { active: 1 },
    });
    for (const path of ['/health', '/health/host'])
      expect((await ask(host, path)).body.status).toBe('draining');
    expect((await ask(other, '/health/host')).status).toBe(200);
    expect(await bakeSome(host)).toEqual([other, other]);
    backends.isStalling = false;
    await ask(host, `/jobs/${running.body.jobId}/cancel`, { method: 'POST' });
    await until('nothing runs there', async () => (await drain(host)).body.bakes.active === 0);
    expect((await drain(host)).body.idle).toBe(false); // tapes still come

    // A restart does not end it. When the load balancer had its time, tapes are refused.
    await stop(host);
    await until('it is gone', async () => (await ask(other, '/admin/hosts')).body.hosts.length === 1);
    await start(host, 1);
    expect((await drain(host)).body).toMatchObject({ phase: 'drained', idle: true });
    expect((await post(host, backends.body('b'))).body.error?.code).toBe('DRAINING');
    expect(await bakeSome(other)).toEqual([other, other]);
    await until('the other one knows', async () =>
      (await ask(other, '/admin/hosts')).body.hosts.some(
        (one) => one.name === host && one.state === 'draining',
      ),
    );

    expect((await drain(host, 'DELETE')).body).toMatchObject({ draining: false, phase: 'off' });
    await drain(other);
    expect(await bakeSome(host)).toEqual([host, host]);
    await drain(other, 'DELETE');
  });

  it('A drain of all stops tapes on every host, and all finish what is left', async () => {
    backends.isStalling = true;
    const { body } = await post('one', backends.stalled('last'));
    expect((await drain('two', 'POST', '?scope=all')).body).toMatchObject({
      scope: 'all',
      phase: 'drained',
      idle: false,
    });
    for (const name of ['one', 'two']) {
      await until(
        `${name} refuses`,
        async () => (await post(name, backends.body('c'))).body.error?.code === 'DRAINING',
      );
    }
    await ask('one', `/jobs/${body.jobId}/cancel`, { method: 'POST' });
    await until('nothing is left', async () => (await drain('one', 'POST', '?scope=all')).body.idle);
    await drain('two', 'DELETE');
    await until('one takes tapes again', async () => (await post('one', backends.body('c'))).status < 300);
  });
});
