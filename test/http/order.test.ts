import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../rig/until.ts';
import { BEARER, startTestService, type TestService } from './test-service.ts';

/** Each request fails one check, and every later check too. */
let testService: TestService;
beforeAll(async () => {
  testService = await startTestService({ MAX_QUEUED: '1' });
});
afterAll(() => testService.close());

const WRONG_SECRET = { callbackSecret: 'wrong' };
const WRONG_ORIGIN = { zipUrl: 'https://elsewhere.test/a.zip' };
const TOO_LARGE = { metadata: { text: 'x'.repeat(66_000) } };

const ask = async (body: unknown) => {
  const response = await testService.post('/bake', body);
  const { error } = (await response.json()) as { error?: { code: string } };
  return [response.status, error?.code, response.headers.get('retry-after')];
};
const order = async () => ({
  large: (await ask({ ...TOO_LARGE, ...WRONG_SECRET })).slice(0, 2),
  fields: (await ask(testService.body('no slug', { ...WRONG_SECRET, ...WRONG_ORIGIN }))).slice(0, 2),
  secret: (await ask(testService.body('x', { ...WRONG_SECRET, ...WRONG_ORIGIN }))).slice(0, 2),
  origin: (await ask(testService.body('x', WRONG_ORIGIN))).slice(0, 2),
});
const EXPECTED = {
  large: [413, 'BODY_TOO_LARGE'],
  fields: [400, 'INVALID_REQUEST'],
  secret: [401, 'UNAUTHORIZED'],
  origin: [403, 'ORIGIN_NOT_ALLOWED'],
};

describe('The order of the checks of POST /bake', () => {
  it('A bad request is refused by the first check that it fails', async () => {
    expect(await order()).toEqual(EXPECTED);
  });

  it('A full queue is checked before a drain and a full disk, and after everything that the caller can correct', async () => {
    const { jobId } = await testService.bake(testService.stalled('busy1'));
    await until('it is taken up', async () => {
      const { status } = (await (await testService.fetch(`/status/${jobId}`)).json()) as { status: string };
      return status === 'downloading';
    });
    await testService.fetch('/drain', { method: 'DELETE', headers: BEARER });
    expect(await ask(testService.stalled('busy2'))).toEqual([202, undefined, null]);
    const full = [429, 'QUEUE_FULL', expect.stringMatching(/^[1-9]\d*$/)];
    expect(await ask(testService.stalled('busy3'))).toEqual(full);
    // A request that is in the queue already keeps its place.
    expect((await ask(testService.stalled('busy2')))[0]).toBe(200);
    expect(await order()).toEqual(EXPECTED);
    await testService.fetch('/drain', { method: 'POST', headers: BEARER });
    expect(await ask(testService.stalled('busy3'))).toEqual(full);
    expect(await order()).toEqual(EXPECTED);
  });

  it('A draining service refuses tapes, and takes them again after the drain', async () => {
    for (const slug of ['busy1', 'busy2']) {
      await testService.fetch(`/tapes/${slug}`, { method: 'DELETE', headers: BEARER });
    }
    const retry = expect.stringMatching(/^[1-9]\d*$/);
    expect(await ask(testService.body('a'))).toEqual([503, 'DRAINING', retry]);
    expect(await order()).toEqual(EXPECTED);
    expect((await testService.fetch('/health')).status).toBe(503);
    await testService.fetch('/drain', { method: 'DELETE', headers: BEARER });
    expect((await testService.fetch('/health')).status).toBe(200);
    const { status, jobId } = await testService.bake(testService.body('a'));
    expect(status).toBe(202);
    await testService.ended(jobId);
  });

  it('A service without disk space refuses tapes', async () => {
    const temp = join(testService.root, 'temp');
    await rename(temp, `${temp}-away`);
    try {
      const health = async () => (await (await testService.fetch('/health')).json()) as { status: string };
      await until('it is noticed', async () => (await health()).status === 'unhealthy');
      expect(await health()).toMatchObject({ reasons: [{ code: 'DISK' }] });
      expect(await ask(testService.body('b'))).toEqual([503, 'DISK', expect.stringMatching(/^[1-9]\d*$/)]);
      expect(await order()).toEqual(EXPECTED);
    } finally {
      await rm(temp, { recursive: true, force: true });
      await rename(`${temp}-away`, temp);
    }
    await until('all is well', async () => (await testService.fetch('/health')).ok);
  });

  it('A service without Redis refuses tapes and is unhealthy, and recovers when Redis is back', async () => {
    await testService.redis.kill();
    const health = async () =>
      (await (await testService.fetch('/health')).json()) as { status: string; reasons: object[] };
    await until('it is noticed', async () => (await health()).status === 'unhealthy');
    expect(await health()).toMatchObject({
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'REDIS' })]),
    });
    expect(await ask(testService.body('c'))).toEqual([
      503,
      'QUEUE_UNREACHABLE',
      expect.stringMatching(/^\d+$/),
    ]);
    expect(await order()).toEqual(EXPECTED);
    expect((await testService.fetch('/health/work')).status).toBe(503);
    expect((await testService.fetch('/health/host')).status).toBe(200);
    await testService.redis.start();
    await until('it is well', async () => (await health()).status === 'healthy');
    expect([200, 202]).toContain((await ask(testService.body('c')))[0]);
  });

  it('A full Redis makes /health unhealthy though it answers PING, and the host stays healthy', async () => {
    const client = new Redis(testService.redis.socket);
    const health = async () => (await testService.fetch('/health')).status;
    try {
      await client.config('SET', 'maxmemory', '1');
      expect(await client.ping()).toBe('PONG');
      await until('it is noticed', async () => (await health()) === 503);
      expect((await testService.fetch('/health/host')).status).toBe(200);
    } finally {
      await client.config('SET', 'maxmemory', '0');
      client.disconnect();
    }
    await until('it is well', async () => (await health()) === 200);
  });
});
